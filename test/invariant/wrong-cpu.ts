/** One wrong step for each thing that must hold of CPUs, VMCSs and TLBs. @see wrong.ts */
import { LEAF_EXECUTE, LEAF_READ, LEAF_TRACKED, LEAF_WRITE, packLeaf } from '../../src/model/memory.ts'
import type { Loose, Wrong } from './wrong.ts'

/** The pmap of the VM. */
const NESTED = 3
const ALL_RIGHTS = LEAF_READ + LEAF_WRITE + LEAF_EXECUTE
const cleared = (frame: number, flags = ALL_RIGHTS): Loose => ({
  type: 'pmap.cleared',
  pmap: NESTED,
  va: 0,
  level: 1,
  old: packLeaf(frame, flags),
})
const freed = (frame: number): Loose => ({ type: 'page.freed', object: 1, index: 0, frame })
/** The vCPU has run on CPU 0, and can go on there with what was cached. */
const RAN: readonly Loose[] = [
  { type: 'vcpu.placed', vm: 1, vcpu: 0, cpu: 0 },
  { type: 'vcpu.entered', vm: 1, vcpu: 0 },
]

export const WRONG_CPU: readonly Wrong[] = [
  {
    name: 'vmcs-is-active-where-vc-last-pcpu-says',
    steps: () => [{ type: 'vmcs.loaded', vm: 1, vcpu: 0, cpu: 1 }],
  },
  {
    name: 'vmcs-is-active-where-vc-last-pcpu-says',
    steps: () => [{ type: 'vcpu.parked', vm: 1, vcpu: 0, cpu: 1 }],
  },
  {
    name: 'vmcs-is-current-when-used',
    steps: () => [{ type: 'vmcs.missed', vm: 1, vcpu: 0, cpu: 0, use: 'vmresume', current: null }],
  },
  { name: 'freed-vmcs-is-active-nowhere', steps: () => [{ type: 'vmcs.freed', vm: 1, vcpu: 0 }] },
  {
    name: 'launched-vmcs-is-cleared-before-sleep',
    steps: () => [
      ...RAN,
      { type: 'vcpu.exited', vm: 1, vcpu: 0, reason: 'guest' },
      { type: 'vcpu.stopped', vm: 1, vcpu: 0 },
      { type: 'device.suspended' },
      { type: 'machdep.activated', action: 'quiesce' },
    ],
  },
  {
    name: 'virtualization-on-while-needed',
    steps: () => [{ type: 'machdep.activated', action: 'quiesce' }],
  },
  {
    name: 'cached-translation-is-in-the-tables',
    mode: 'rvi',
    steps: (frame) => [...RAN, cleared(frame, ALL_RIGHTS + LEAF_TRACKED)],
  },
  {
    name: 'cached-translation-is-in-the-tables',
    steps: (frame) => [
      ...RAN,
      { type: 'pmap.protected', pmap: NESTED, va: 0, level: 1, flags: LEAF_READ, old: packLeaf(frame, ALL_RIGHTS) },
    ],
  },
  {
    name: 'freed-page-is-in-no-tlb',
    mode: 'rvi',
    steps: (frame) => [...RAN, cleared(frame, ALL_RIGHTS + LEAF_TRACKED), freed(frame)],
  },
  { name: 'freed-page-is-in-no-tlb', steps: (frame) => [...RAN, freed(frame)] },
  {
    name: 'freed-table-is-walked-by-nobody',
    steps: (frame, { memory }) => [
      ...RAN,
      [
        cleared(frame),
        { type: 'table.freed', pmap: NESTED, va: 0, level: 1, frame: memory.tableAt(NESTED, 0, 1)?.frame },
      ],
    ],
  },
]
