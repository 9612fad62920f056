/**
 * What vmd(8) does for a guest whose memory is encrypted: it asks the PSP for a context once the VM exists, activates it
 * and has what the loader wrote encrypted once the vCPU was reset, and gives the context up when the guest has ended.
 *
 * Source: sev_init(), sev_activate(), sev_encrypt_memory(), sev_encrypt_state(), sev_launch_finalize() and sev_shutdown()
 * of usr.sbin/vmd/sev.c 1.7 (2025-06-04); start_vm() and run_vm() of usr.sbin/vmd/vm.c. Not modelled: psp_reset(), with
 * which vmd begins.
 */
import { PAGE_SIZE } from '../../events/address.ts'
import type { Pid, VmId } from '../../events/ids.ts'
import type { Asid, PspHandle } from '../../events/psp.ts'
import type { Outcome } from '../../events/reply.ts'
import type { Dispatch } from './guest-memory.ts'

/** `seves` is SEV with the registers encrypted as well. */
export type SevKind = 'sev' | 'seves'

/** vcp_sev and vcp_seves of the request: a guest of SEV-ES is one of SEV. */
export function sevParams(kind: SevKind | null): { readonly sev?: boolean; readonly seves?: boolean } {
  if (kind === null) return {}
  return kind === 'seves' ? { sev: true, seves: true } : { sev: true }
}

/** The guest's context, and which VM it is for. */
export type Launch = { readonly pid: Pid; readonly vm: VmId; readonly kind: SevKind; readonly handle: PspHandle }

const isOk = (outcome: Outcome): boolean => 'ok' in outcome && outcome.ok

/** sev_init(): null where the PSP or its driver says no. */
export function initSev(host: Dispatch, pid: Pid, vm: VmId, kind: SevKind): Launch | null {
  if (!isOk(host.dispatch({ type: 'psp.pstatus', pid }))) return null
  const started = host.dispatch({ type: 'psp.launchstart', pid, es: kind === 'seves' })
  if (!('handle' in started)) return null
  const launch = { pid, vm, kind, handle: started.handle }
  return stateIs(host, launch, 'launchUpdate') ? launch : null
}

/** psp_get_gstate(): vmd looks whether the guest is where it should be. */
function stateIs(host: Dispatch, { pid, handle }: Launch, wanted: 'launchUpdate' | 'running'): boolean {
  const found = host.dispatch({ type: 'psp.gstatus', pid, handle })
  return 'guest' in found && found.guest === wanted
}

/** A stretch of the vm process's memory that the loader has written. */
export type Segment = { readonly va: number; readonly size: number }

/** sev_register_encryption() of each page: neighbours are one segment. */
export function segmentsOf(pages: readonly { readonly hva: number }[]): readonly Segment[] {
  const segments: { va: number; size: number }[] = []
  for (const { hva } of pages) {
    const last = segments.at(-1)
    if (last !== undefined && last.va + last.size === hva) last.size += PAGE_SIZE
    else segments.push({ va: hva, size: PAGE_SIZE })
  }
  return segments
}

/** From sev_activate() to sev_launch_finalize(), for vCPU 0; false at the first step that fails. */
export function launchSev(host: Dispatch, launch: Launch, asid: Asid, segments: readonly Segment[]): boolean {
  const { pid, vm, kind, handle } = launch
  const on = { pid, handle } as const
  const activated =
    isOk(host.dispatch({ type: 'psp.dfflush', pid })) &&
    isOk(host.dispatch({ type: 'psp.activate', ...on, asid })) &&
    stateIs(host, launch, 'launchUpdate')
  if (!activated) return false
  for (const segment of segments)
    if (!isOk(host.dispatch({ type: 'psp.launchupdate', ...on, ...segment }))) return false
  if (kind === 'seves' && !isOk(host.dispatch({ type: 'psp.encryptstate', ...on, vm, vcpu: 0 }))) return false
  return (
    isOk(host.dispatch({ type: 'psp.launchmeasure', ...on })) &&
    isOk(host.dispatch({ type: 'psp.launchfinish', ...on })) &&
    stateIs(host, launch, 'running')
  )
}

/** sev_shutdown(), when the guest has ended. A vm process that dies before never comes here. */
export function shutDownSev(host: Dispatch, { pid, handle }: Launch): void {
  host.dispatch({ type: 'psp.guestshutdown', pid, handle })
}
