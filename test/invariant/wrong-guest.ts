/** Events that no design records, about the guest's state and about what memory holds. @see wrong.ts */
import type { Loose, Wrong } from './wrong.ts'

const PAGE = 4096
const vcpu = { vm: 1, vcpu: 0 }
const clockAt = { kind: 'kernel', for: 'pvclock', ...vcpu, gpa: 0 }
const wordRead = (by: object, frame: number, word = 0): Loose => ({
  type: 'word.read',
  by,
  frame,
  offset: 8,
  bytes: 8,
  word,
  tracked: false,
})
const walkWrites = (offset: number, was: number, word: number): Loose => ({
  type: 'word.written',
  by: { ...clockAt, for: 'walk' },
  frame: 5,
  offset,
  bytes: 8,
  was,
  word,
  before: 0,
  contents: 2 ** 45,
  tracked: false,
})
const learnt = (locals: object): Loose => ({ type: 'call.learnt', thread: 'x', locals })
const RUNS = { type: 'ioc.run', pid: 100, ...vcpu } as never
const translated = (gva: number, found: object): Loose => ({
  type: 'gva.translated',
  ...vcpu,
  gva,
  access: 'r',
  cpl: 0,
  gpa: null,
  errno: null,
  path: [],
  ...found,
})

export const WRONG_GUEST: readonly Wrong[] = [
  { name: 'kernel-access-finds-its-page', steps: (frame) => [wordRead(clockAt, frame), wordRead(clockAt, frame + 1)] },
  {
    name: 'vcpu-state-changes-under-its-lock',
    steps: () => [{ type: 'interrupt.flagged', ...vcpu, pending: true }],
  },
  {
    name: 'pdptes-lie-where-cr-three-says',
    steps: (frame) => [
      [
        { type: 'vcpu.locked', ...vcpu, thread: null },
        { type: 'registers.written', ...vcpu, cr0: 0x80000001, cr4: 0x20, cr3: 0x20, pdptes: [1, 0, 0, 0] },
        { type: 'pdptes.loaded', ...vcpu, gpa: 0, frame, offset: 0 },
      ],
    ],
  },
  { name: 'guest-walk-finds-what-a-cpu-finds', steps: () => [translated(0x123, { gpa: 0x124 })] },
  { name: 'guest-walk-finds-what-a-cpu-finds', steps: () => [translated(0x123, { errno: 'EFAULT' })] },
  {
    name: 'guest-walk-marks-entries-alone',
    call: RUNS,
    steps: () => [
      learnt({ walk: { level: 1, shift: 12, bytes: 8, table: 0, path: [] }, byte: 8 }),
      walkWrites(8, 1, 3),
    ],
  },
  {
    name: 'guest-walk-marks-entries-alone',
    call: RUNS,
    steps: () => [
      learnt({ walk: { level: 1, shift: 12, bytes: 8, table: 0, path: [] }, byte: 8 }),
      walkWrites(16, 0, 0x20),
    ],
  },
  {
    name: 'clock-lies-in-memory',
    steps: () => [{ type: 'place.judged', ...vcpu, gpa: 2 * PAGE - 16, bytes: 32, accepted: true, mapped: true }],
  },
  {
    name: 'clock-lies-in-memory',
    steps: () => [{ type: 'place.judged', ...vcpu, gpa: 0x10, bytes: 32, accepted: false, mapped: true }],
  },
]
