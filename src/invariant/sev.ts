/**
 * Encrypted guests: a page stays where the PSP has encrypted it, the PSP works on memory that is still there, and it keeps
 * nothing for a guest that is gone.
 *
 * Source: psp.c 1.20 (2025-08-14); AMD64 APM vol. 2, "Secure Encrypted Virtualization"; vmd's sev.c 1.7 (2025-06-04).
 */
import { pspOf } from '../model/psp.ts'
import type { World } from '../model/world.ts'
import { counted, isVmObject, objectText } from './facts.ts'
import { type AnyRule, always, atRest, type Claim, rule } from './invariant.ts'

/** Where a page is that was encrypted in `frame`, in words; null where it is there. */
function moved({ memory }: World, object: number, index: number, frame: number, generation: number): string | null {
  const found = memory.resident(object, index)
  if (found < 0) return 'is not resident'
  if (found !== frame) return `is in frame ${found}`
  return memory.generation(frame) === generation ? null : 'is in it again, after it was freed'
}

const encryptedPageStays = always('object', {
  id: 'I08',
  name: 'encrypted-page-stays',
  source:
    'psp_launch_update_data(): "Unwire again"; ciphertext is bound to its frame, and nothing keeps the page there',
  of(world, object) {
    if (world.psp === undefined || !isVmObject(world, object)) return null
    let first: string | null = null
    let count = 0
    for (const { encrypted } of Object.values(world.psp.guests)) {
      for (const { object: of, first: start, frame, pages, generation } of encrypted) {
        if (of !== object) continue
        for (let page = 0; page < pages; page += 1) {
          const where = moved(world, object, start + page, frame + page, generation)
          if (where === null) continue
          count += 1
          first ??= `page ${start + page} of ${objectText(world, object)} was encrypted in frame ${frame + page} and ${where}`
        }
      }
    }
    if (first === null) return null
    return count === 1 ? first : `${first}; ${counted(count, 'encrypted page')} are elsewhere in all`
  },
})

const pspGuestHasItsVm = atRest('device', {
  id: 'I71',
  name: 'psp-guest-has-its-vm',
  source:
    'sev_shutdown() of vmd, which its vm process calls when its guest has ended well; the kernel never tells the PSP',
  of(world) {
    const asids = new Set(Object.values(world.vms).flatMap(({ vcpus }) => vcpus.map(({ asid }) => asid)))
    for (const { handle, asid } of Object.values(pspOf(world).guests)) {
      if (asid !== 0 && !asids.has(asid))
        return `guest ${handle} of the PSP has ASID ${asid}, which no vCPU has any more`
    }
    return null
  },
})

/** svm_get_vmsa_pa() gives its reference on the VM back before the PSP is told the address. */
const pspEncryptsALiveVmsa = rule({
  id: 'I32b',
  name: 'psp-encrypts-a-live-vmsa',
  source: 'psp_encrypt_state(): the address of svm_get_vmsa_pa() is used after its reference on the VM was given back',
  on: ['psp.stateEncrypted'],
  counterexample({ event: { vm, vcpu }, world }) {
    if (world.vms[vm]?.vcpus.some((one) => one.id === vcpu && one.sev === 'seves') === true) return null
    const sentence =
      'the PSP encrypts the page that was its save area; the vCPU is gone, and the page is free or somebody else has it'
    return { subject: `vm ${vm} vcpu ${vcpu}`, sentence }
  },
})

export const sevClaims: readonly Claim[] = [encryptedPageStays, pspGuestHasItsVm]
export const sevRules: readonly AnyRule[] = [pspEncryptsALiveVmsa]
