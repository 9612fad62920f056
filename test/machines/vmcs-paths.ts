/** The ways through vm_run() that are about the VMCS: the same in every design. */
import type { Path } from '../support/paths.ts'

/** Stretches of a route, as both designs name them. */
type Stretches = {
  readonly started: string
  readonly inGuest: string
  readonly stopped: string
  readonly out: string
  readonly told: string
  /** From an exit to the refusal of a fault. */
  readonly refused: string
}

export const vmcsPaths = ({ started, inGuest, stopped, out, told, refused }: Stretches): readonly Path[] => [
  [
    'cannot load its VMCS, and the vCPU is TERMINATED',
    `${started} copyingIn done loading refused killing done ${out}`,
    'vcpu.run vcpu.kill',
  ],
  [
    'is called again when its quantum is over',
    `${inGuest} guest.yielded inGuest guest.left ${stopped}`,
    `${told} vcpu.leave vcpu.stop`,
  ],
  ['cannot load its VMCS when it is called again', `${inGuest} refused killing done ${out}`, `${told} vcpu.kill`],
  [
    'has no VMCS to read the registers of, and the vCPU is TERMINATED',
    `${inGuest} guest.left stopping refused killing done ${out}`,
    `${told} vcpu.leave vcpu.kill`,
  ],
  [
    'cannot handle a fault, and has no VMCS to read the registers of',
    `${inGuest} guest.faulted ${refused} terminating refused ${out}`,
    `${told} vcpu.fault vcpu.kill`,
  ],
]
