/**
 * What a run does between two entries besides faults: instructions of the guest that exit, and clocks. The same in every
 * design.
 */
import type { Path } from './paths.ts'

const CLOCK = 'page.present openingClock done fillingClock done closingClock done'
const NEW_CLOCK = 'page.present openingNewClock done fillingNewClock done closingNewClock done'
const WALL_CLOCK = 'page.present openingWallClock done fillingWallClock done closingWallClock done'
const GHCB = 'readingGhcb'
const MAPPED = 'page.present mappingPdptes done reloadingForPdptes'
const READ = `${MAPPED} done readingPdptes done unmappingPdptes done reloadingAfterPdptes`

/** Routes from the exit to what comes next; `kill` where that is the end of the vCPU. */
const HANDLED: readonly (readonly [title: string, route: string])[] = [
  ['writes a register', 'done'],
  ['loads PDPTEs from a page that is not there', 'pdptes.due extractingPdptes page.absent'],
  ['loads PDPTEs', `pdptes.due extractingPdptes ${READ} done`],
  ['places its clock on a page that is not there', 'clock.due extractingNewClock page.absent'],
  ['places its clock', `clock.due extractingNewClock ${NEW_CLOCK}`],
  ['places its wall clock on a page that is not there', 'wallclock.due extractingWallClock page.absent'],
  ['places its wall clock', `wallclock.due extractingWallClock ${WALL_CLOCK}`],
  ['names its GHCB', `ghcb.named extractingGhcb done ${GHCB} done answeringGhcb done`],
  ['has named its GHCB', `ghcb.due ${GHCB} done answeringGhcb done`],
]
const LOST: readonly (readonly [title: string, route: string])[] = [
  ['writes a register, and its exit cannot be read', 'refused'],
  ['loses its VMCS before PDPTEs are read', `pdptes.due extractingPdptes ${MAPPED} refused`],
  ['loses its VMCS after PDPTEs were read', `pdptes.due extractingPdptes ${READ} refused`],
  ['names a GHCB on a page that is not there', 'ghcb.named extractingGhcb refused'],
  ['asks in its GHCB for what nobody knows', `ghcb.due ${GHCB} refused`],
]

/**
 * @param started the way to the first entry, up to `loading done`.
 * @param out the way from `unlocking` on.
 */
export function instructionPaths(started: string, out: string): readonly Path[] {
  const loading = started.replace(/ done$/, '')
  const inGuest = `${started} inGuest`
  const stopped = `stopping done copyingOut done ${out}`
  const told = 'vcpu.run vcpu.enter'
  return [
    ...HANDLED.map(
      ([title, route]): Path => [
        title,
        `${inGuest} guest.trapped handlingInstruction ${route} resuming done inGuest guest.left ${stopped}`,
        `${told} vcpu.leave vcpu.enter vcpu.leave vcpu.stop`,
      ],
    ),
    ...LOST.map(
      ([title, route]): Path => [
        title,
        `${inGuest} guest.trapped handlingInstruction ${route} terminating done ${out}`,
        `${told} vcpu.leave vcpu.kill`,
      ],
    ),
    [
      'updates the clock before the first entry and before the next',
      `${loading} clock.due extractingClock ${CLOCK} inGuest guest.trapped handlingInstruction done resuming
       clock.due extractingClock page.absent inGuest guest.left ${stopped}`,
      `${told} vcpu.leave vcpu.enter vcpu.leave vcpu.stop`,
    ],
    [
      'leaves for what it asks in its GHCB, and has the answer written when it is run again',
      `${loading.replace('copyingIn done', 'copyingIn ghcb.due answeringOldGhcb done')} done inGuest guest.trapped
       handlingInstruction ghcb.due ${GHCB} vcpu.mustStop ${stopped}`,
      `${told} vcpu.leave vcpu.stop`,
    ],
    [
      'leaves for an interrupt',
      `${inGuest} vcpu.kicked resuming vcpu.mustStop ${stopped}`,
      `${told} vcpu.leave vcpu.stop`,
    ],
  ]
}
