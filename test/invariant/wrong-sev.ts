/** Events that no design records, about what the PSP does and about who wires a page. @see wrong.ts */
import type { Loose, Wrong } from './wrong.ts'

const PAGE = 4096
const HVA = 0x1000000000
const LAUNCHED: Loose = { type: 'psp.launched', handle: 1, es: false }
const encrypted = (frame: number, generation = 0): Loose => ({
  type: 'psp.encrypted',
  handle: 1,
  pid: 100,
  va: HVA,
  object: 1,
  index: 0,
  frame,
  generation,
})

export const WRONG_SEV: readonly Wrong[] = [
  {
    name: 'wire-count-equals-wirings',
    steps: (frame) => [{ type: 'page.wired', frame, wires: 3, pid: 100, va: HVA }],
  },
  {
    name: 'wire-count-equals-wirings',
    steps: (frame) => [{ type: 'page.unwired', frame, wires: 0, pid: 100, va: HVA }],
  },
  {
    name: 'wire-count-equals-wirings',
    call: { type: 'host.mlock', pid: 100, va: HVA, size: PAGE } as never,
    steps: (frame) => [
      [2, 3].map((wires) => ({ type: 'page.wired', frame, wires, pid: 100, va: HVA })),
      { type: 'page.unwired', frame, wires: 2, pid: 100, va: HVA },
    ],
  },
  {
    name: 'encrypted-page-stays',
    mode: 'rvi',
    steps: (frame) => [LAUNCHED, encrypted(frame), { type: 'page.freed', object: 1, index: 0, frame }],
  },
  { name: 'encrypted-page-stays', mode: 'rvi', steps: (frame) => [LAUNCHED, encrypted(frame, 1)] },
  {
    name: 'psp-guest-has-its-vm',
    mode: 'rvi',
    steps: () => [LAUNCHED, { type: 'psp.activated', handle: 1, asid: 9 }],
  },
  {
    name: 'psp-encrypts-a-live-vmsa',
    mode: 'rvi',
    steps: () => [LAUNCHED, { type: 'psp.stateEncrypted', handle: 1, vm: 1, vcpu: 0 }],
  },
]
