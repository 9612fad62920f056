/**
 * The fields that the commands of a vector have, and what each may hold. A vector comes from a file, so that nothing
 * in it is believed before it was looked at.
 */
import { parseWord64 } from '../../events/address.ts'
import { FAILPOINTS } from '../../events/command.ts'

/** A kind of value: how a sentence calls it, and whether a value is one. */
type Kind = { readonly called: string; readonly holds: (value: unknown) => boolean }

const oneOf = (...values: readonly unknown[]): Kind => ({
  called: `one of ${values.join(', ')}`,
  holds: (value) => values.includes(value),
})

const listOf = (item: Kind, atMost: number): Kind => ({
  called: `a list of at most ${atMost}, each ${item.called}`,
  holds: (value) => Array.isArray(value) && value.length <= atMost && value.every(item.holds),
})

const COUNT: Kind = { called: 'a whole number below 2^53', holds: Number.isSafeInteger }
// Only its being too large matters of a count above 2^53, and a double keeps that.
const LARGE_COUNT: Kind = { called: 'a whole number', holds: Number.isInteger }
const TEXT: Kind = { called: 'a string', holds: (value) => typeof value === 'string' }
const WORD: Kind = {
  called: 'a number of up to 64 bits, as "0x1000"',
  holds: (value) => (typeof value === 'string' ? parseWord64(value) !== null : COUNT.holds(value)),
}
const FLAG = oneOf(0, 1)
// Any errno may be injected, also one that no routine of the model answers by itself.
const ERRNO: Kind = {
  called: 'the name of an error, as "ENOMEM"',
  holds: (value) => /^E[A-Z0-9]+$/.test(String(value)),
}
const RANGE: Kind = {
  called: '[gpa, size, type] or [gpa, size, type, va]',
  holds: (value) =>
    Array.isArray(value) &&
    (value.length === 3 || value.length === 4) &&
    value.every((part, index) => (index === 2 ? COUNT : WORD).holds(part)),
}
const RANGES = listOf(RANGE, 16)
const PAUSE_POINTS = oneOf(
  'uao_create',
  'uvm_map',
  'uvm_map_immutable',
  'uao_reference',
  'vcpu_init',
  'uvm_fault_wire',
  'rw_enter_write',
  'rw_exit_read',
)
const PAUSE: Kind = {
  called: `[point, k] with a point that is ${PAUSE_POINTS.called} and k from 1`,
  holds: (value) =>
    Array.isArray(value) && value.length === 2 && PAUSE_POINTS.holds(value[0]) && COUNT.holds(value[1]) && value[1] > 0,
}

type Fields = Readonly<Record<string, Kind>>
type Op = { readonly needs: Fields; readonly may: Fields }

const PID = { pid: COUNT }
const VM = { pid: COUNT, vm: COUNT }
/** What any command may have: the name of its thread, and where the thread is stopped. */
const THREAD = { as: TEXT, pause: PAUSE }

const OPS: Readonly<Record<string, Op>> = {
  config: { needs: { mode: oneOf('ept', 'rvi', 'unknown') }, may: { vcpu_max: COUNT, meltdown: FLAG } },
  proc: { needs: PID, may: { pledge: listOf(oneOf('vmm', 'proc'), 2) } },
  exit: { needs: PID, may: {} },
  create: { needs: { ...PID, ranges: RANGES }, may: { n: LARGE_COUNT, ncpus: LARGE_COUNT, name: TEXT } },
  share: { needs: { ...VM, ranges: RANGES }, may: { n: LARGE_COUNT, va: listOf(WORD, 16) } },
  fault: {
    needs: { ...VM, gpa: WORD },
    may: { vcpu: COUNT, kind: oneOf('ept', 'rvi'), direct: FLAG, qual: COUNT, ilen: COUNT, assist: FLAG },
  },
  touch: { needs: { ...PID, va: WORD }, may: { acc: oneOf('r', 'w', 'x', 'rw') } },
  mmap: { needs: PID, may: { va: WORD, size: WORD } },
  munmap: { needs: { ...PID, va: WORD, size: WORD }, may: {} },
  terminate: { needs: VM, may: {} },
  info: { needs: PID, may: { slots: COUNT, extra: COUNT, short: COUNT } },
  resetcpu: { needs: VM, may: { vcpu: COUNT } },
  vcpustate: { needs: { vm: COUNT, state: COUNT }, may: { vcpu: COUNT } },
  signal: { needs: PID, may: {} },
  muststop: { needs: VM, may: {} },
  hold: { needs: VM, may: {} },
  release: { needs: {}, may: {} },
  pageout: { needs: { obj: TEXT, page: COUNT }, may: {} },
  inject: { needs: { fn: oneOf(...FAILPOINTS), err: ERRNO }, may: { k: COUNT } },
  resume: { needs: { as: TEXT }, may: {} },
  suspend: { needs: {}, may: {} },
  wakeup: { needs: {}, may: {} },
  ioctl: { needs: { ...PID, req: WORD }, may: {} },
}

/** What is wrong with a command: where in it, what was wanted there and what was found. */
export type FieldFault = { readonly at: string; readonly wanted: string; readonly found: unknown }

/** The first fault of a command, or null. */
export function faultOf(command: Readonly<Record<string, unknown>>): FieldFault | null {
  const op = typeof command.op === 'string' && Object.hasOwn(OPS, command.op) ? OPS[command.op] : undefined
  if (op === undefined) return { at: '.op', wanted: `one of ${Object.keys(OPS).join(', ')}`, found: command.op }
  const fields: Fields = { ...op.needs, ...op.may, ...THREAD }
  for (const [name, kind] of Object.entries(fields)) {
    const value = command[name]
    if (value === undefined && !(name in op.needs)) continue
    if (!kind.holds(value)) return { at: `.${name}`, wanted: kind.called, found: value }
  }
  const strange = Object.keys(command).find((name) => name !== 'op' && !Object.hasOwn(fields, name))
  if (strange === undefined) return null
  return { at: '', wanted: `only the fields ${Object.keys(fields).join(', ')}`, found: strange }
}
