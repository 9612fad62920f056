/**
 * The driver of the PSP, and the PSP itself: what it does when it is asked, and what it refuses.
 *
 * Source: psp.c 1.20 (2025-08-14); svm_get_vmsa_pa() of vmm_machdep.c 1.64 (2025-09-14). What the PSP refuses is *medium*:
 * Secure Encrypted Virtualization API 0.24.
 */
import {
  type Hva,
  offset,
  PAGE_SIZE,
  pageOf,
  truncPage,
  VM_MAXUSER_ADDRESS,
  VM_MIN_ADDRESS,
  type Word64,
} from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import { sevOf } from '../../events/boot.ts'
import type { Errno } from '../../events/errno.ts'
import type { PspCommand, PspDone, PspHandle, PspStatus } from '../../events/psp.ts'
import { leafFrame } from '../model/memory.ts'
import { type PspGuest, pspOf } from '../model/psp.ts'
import type { Process } from '../model/world.ts'
import { type Blocked, blocked, commandOf, curproc, DONE, type Kernel, learn, lookup, NONE, refuse } from './kernel.ts'
import { mayUse } from './pledge.ts'
import { entryAt, isWhole, roundPage, type UserRange } from './uvm_map.ts'
import { countWiring, makePageable, wireNextPage } from './uvm_wire.ts'

/** Requests that a process which promised `vmm` may make. */
const PLEDGED: readonly string[] = [
  'psp.pstatus',
  'psp.gstatus',
  'psp.dfflush',
  'psp.launchstart',
  'psp.launchupdate',
  'psp.encryptstate',
  'psp.launchmeasure',
  'psp.launchfinish',
  'psp.activate',
  'psp.guestshutdown',
]

/** pspopen(), which comes before any request; then pledge_ioctl_psp(), which kills whoever asks for what it did not promise. */
export function filterPspRequest(kernel: Kernel): Answer {
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  if (sevOf(kernel.world.boot).cbit === 0) return refuse(kernel, 'ENXIO', 'pspopen')
  const { pledge, pid } = process
  if (pledge.length === 0 || (pledge.includes('vmm') && PLEDGED.includes(kernel.thread.command.type))) return DONE
  kernel.record({ type: 'pledge.broken', pid })
  return refuse(kernel, 'EPERM', 'pledge_ioctl_psp')
}

/** rw_enter_write(sc_lock): not interruptible. */
export function lockPsp(kernel: Kernel): Answer | Blocked {
  if (pspOf(kernel.world).lock !== null) return blocked('psp_lock')
  kernel.record({ type: 'psp.locked', thread: kernel.thread.id })
  return DONE
}

/** rw_exit_write(sc_lock). */
export function unlockPsp(kernel: Kernel): Answer {
  kernel.record({ type: 'psp.unlocked', thread: kernel.thread.id })
  return DONE
}

/** ccp_docmd() of a command that the PSP does not carry out. */
function refused(kernel: Kernel, command: PspCommand, handle: PspHandle, status: PspStatus, errno: Errno): Answer {
  kernel.record({ type: 'psp.refused', command, handle, status, errno })
  return refuse(kernel, errno, 'ccp_docmd')
}

/**
 * ccp_docmd() up to the PSP's look at its own state.
 *
 * @returns the refusal, or null where the command goes on.
 */
function beginCommand(kernel: Kernel, command: PspCommand, handle: PspHandle = 0): Answer | null {
  const errno = kernel.fails('ccp_docmd')
  if (errno !== null) return refused(kernel, command, handle, 'NO_RESPONSE', errno)
  if (pspOf(kernel.world).initialised) return null
  return refused(kernel, command, handle, 'INVALID_PLATFORM_STATE', 'EIO')
}

/** A command about a guest. `judge` says why the PSP refuses it, or what it has done. */
function commandGuest(
  kernel: Kernel,
  command: PspCommand,
  handle: PspHandle,
  judge: (guest: PspGuest) => PspStatus | PspDone | 'done',
): Answer {
  const early = beginCommand(kernel, command, handle)
  if (early !== null) return early
  const guest = pspOf(kernel.world).guests[handle]
  const verdict = guest === undefined ? 'INVALID_GUEST' : judge(guest)
  if (verdict === 'done') return DONE
  if (typeof verdict === 'object') return { type: 'psp.executed', handle, done: verdict }
  return refused(kernel, command, handle, verdict, 'EIO')
}

/** psp_reinit(): the trusted memory region, and PSP_CMD_INIT. */
export function initPlatform(kernel: Kernel): Answer {
  if (pspOf(kernel.world).initialised) return refuse(kernel, 'EBUSY', 'psp_reinit')
  const errno = kernel.fails('ccp_docmd')
  if (errno !== null) return refused(kernel, 'INIT', 0, 'NO_RESPONSE', errno)
  kernel.record({ type: 'psp.initialised' })
  return DONE
}

/** psp_shutdown(). */
export function shutDownPlatform(kernel: Kernel): Answer {
  if (!pspOf(kernel.world).initialised) return refuse(kernel, 'EINVAL', 'psp_shutdown')
  const errno = kernel.fails('ccp_docmd')
  if (errno !== null) return refused(kernel, 'SHUTDOWN', 0, 'NO_RESPONSE', errno)
  kernel.record({ type: 'psp.shutDown' })
  return DONE
}

/** psp_get_pstatus(): answered in every state. */
export function askPlatform(kernel: Kernel): Answer {
  const errno = kernel.fails('ccp_docmd')
  return errno === null ? DONE : refused(kernel, 'PLATFORMSTATUS', 0, 'NO_RESPONSE', errno)
}

/** psp_get_gstatus(). */
export function askGuest(kernel: Kernel): Answer {
  return commandGuest(kernel, 'GUESTSTATUS', commandOf(kernel, 'psp.gstatus').handle, () => 'done')
}

/** psp_df_flush(), by itself or as a part of psp_guest_shutdown(). */
export function flushFabric(kernel: Kernel): Answer {
  const early = beginCommand(kernel, 'DF_FLUSH')
  if (early !== null) return early
  kernel.record({ type: 'psp.flushed' })
  return DONE
}

/** psp_launch_start() with handle 0: the PSP gives one. */
export function launchStart(kernel: Kernel): Answer {
  const early = beginCommand(kernel, 'LAUNCH_START')
  if (early !== null) return early
  const { es } = commandOf(kernel, 'psp.launchstart')
  const handle = pspOf(kernel.world).made + 1
  learn(kernel, { id: handle })
  return { type: 'psp.executed', handle, done: { type: 'start', es } }
}

/** psp_activate(). */
export function activate(kernel: Kernel): Answer {
  const { handle, asid } = commandOf(kernel, 'psp.activate')
  const { guests, unflushed } = pspOf(kernel.world)
  const { asids, noes } = sevOf(kernel.world.boot)
  return commandGuest(kernel, 'ACTIVATE', handle, (guest) => {
    if (guest.asid !== 0) return 'ACTIVE'
    if (asid < 1 || asid > asids || guest.es !== asid < noes) return 'INVALID_ASID'
    if (Object.values(guests).some((other) => other.asid === asid)) return 'ASID_OWNED'
    return unflushed.includes(asid) ? 'DFFLUSH_REQUIRED' : { type: 'activate', asid }
  })
}

/** The handle that the command of the call names. */
function handleOf(kernel: Kernel): PspHandle {
  const { command } = kernel.thread
  return 'handle' in command ? command.handle : 0
}

/** psp_deactivate(), by itself or as a part of psp_guest_shutdown(). */
export function deactivate(kernel: Kernel): Answer {
  return commandGuest(kernel, 'DEACTIVATE', handleOf(kernel), ({ asid }) =>
    asid === 0 ? 'done' : { type: 'deactivate', asid },
  )
}

/** psp_decommission(), by itself or as a part of psp_guest_shutdown(). */
export function decommission(kernel: Kernel): Answer {
  return commandGuest(kernel, 'DECOMMISSION', handleOf(kernel), ({ asid }) =>
    asid === 0 ? { type: 'decommission' } : 'ACTIVE',
  )
}

/** psp_launch_measure(). */
export function measure(kernel: Kernel): Answer {
  return commandGuest(kernel, 'LAUNCH_MEASURE', handleOf(kernel), ({ life }) =>
    life === 'launchUpdate' ? { type: 'measure' } : 'INVALID_GUEST_STATE',
  )
}

/** psp_launch_finish(). */
export function finish(kernel: Kernel): Answer {
  return commandGuest(kernel, 'LAUNCH_FINISH', handleOf(kernel), ({ life }) =>
    life === 'launchSecret' ? { type: 'finish' } : 'INVALID_GUEST_STATE',
  )
}

/** Why the PSP does not encrypt for a guest, or null. */
function refusesUpdate({ life, asid }: PspGuest): PspStatus | null {
  if (life !== 'launchUpdate') return 'INVALID_GUEST_STATE'
  return asid === 0 ? 'INACTIVE' : null
}

/** Bytes of a block of AES-XTS. @source crypto/xform.h, AES_XTS_BLOCKSIZE */
const BLOCK = 16
const UINT32 = 2 ** 32

/** The request's range: the length is a field of 32 bits. */
function updateRange(kernel: Kernel): { readonly va: Word64; readonly length: number } {
  const { va, size } = commandOf(kernel, 'psp.launchupdate')
  return { va, length: typeof size === 'number' ? size % UINT32 : Number(size % BigInt(UINT32)) }
}

/** psp_launch_update_data(): both ends on a block. This refusal comes before anything is wired. */
export function checkAlignment(kernel: Kernel): Answer {
  const { va, length } = updateRange(kernel)
  const low = typeof va === 'number' ? va % BLOCK : Number(va % BigInt(BLOCK))
  return low === 0 && length % BLOCK === 0 ? DONE : refuse(kernel, 'EINVAL', 'psp_launch_update_data')
}

/** uvm_map_pageable(), the checks: the pages that the range touches, null where there are none, or an errno. */
function pageableRange(process: Process, va: Word64, length: number): UserRange | null | Errno {
  if (length === 0) return null
  if (typeof va !== 'number' || va + length > VM_MAXUSER_ADDRESS) return va < VM_MIN_ADDRESS ? 'EFAULT' : 'EINVAL'
  const start = truncPage(va as Hva)
  if (start < VM_MIN_ADDRESS) return 'EFAULT'
  const end = Number(roundPage(va + length)) as Hva
  if (entryAt(process, start) === undefined) return 'EFAULT'
  return isWhole(process, { start, end }) ? { start, end } : 'EINVAL'
}

/** uvm_map_pageable(FALSE), first pass. */
export function beginUpdate(kernel: Kernel): Answer {
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const { va, length } = updateRange(kernel)
  const range = pageableRange(process, va, length)
  if (typeof range === 'string') return refuse(kernel, range, 'uvm_map_pageable')
  const wired = range === null ? null : countWiring(kernel, process, range)
  const { start, end } = wired ?? { start: 0 as Hva, end: 0 as Hva }
  learn(kernel, { cursor: start, limit: end, va: [start, end], hva: va })
  return DONE
}

/** uvm_map_pageable(FALSE), second pass; its errno is passed on. */
export function wireUpdatePage(kernel: Kernel): Answer | Blocked {
  return wireNextPage(kernel, (errno) => errno)
}

/** One page of the loop: pmap_extract(), and the command for what of the page lies in the range. */
export function updatePage(kernel: Kernel): Answer {
  const process = curproc(kernel)
  const { va, length } = updateRange(kernel)
  const { hva } = kernel.thread.locals
  if (process === undefined || hva >= Number(va) + length) return NONE
  const page = truncPage(hva as Hva)
  const packed = kernel.world.memory.leaf(process.pmap, pageOf(page))
  if (packed < 0) return refuse(kernel, 'EINVAL', 'pmap_extract')
  const frame = leafFrame(packed)
  const { memory } = kernel.world
  const answer = commandGuest(
    kernel,
    'LAUNCH_UPDATE_DATA',
    handleOf(kernel),
    (guest) =>
      refusesUpdate(guest) ?? {
        type: 'encrypt',
        pid: process.pid,
        va: page,
        object: memory.owner(frame) as never,
        index: memory.pageIndex(frame),
        frame: frame as never,
        generation: memory.generation(frame),
      },
  )
  if (answer.type === 'psp.executed') learn(kernel, { hva: offset(page, PAGE_SIZE) })
  return answer
}

/** "Unwire again": uvm_map_pageable(TRUE), also after a failure. What it says does not matter. */
export function endUpdate(kernel: Kernel): Answer {
  const process = curproc(kernel)
  const { va, length } = updateRange(kernel)
  const range = process === undefined ? null : pageableRange(process, va, length)
  if (process !== undefined && range !== null && typeof range !== 'string') makePageable(kernel, process, range)
  return DONE
}

/**
 * svm_get_vmsa_pa(): the address of a vCPU's save area. The reference on the VM that vm_find() took is given back before
 * the address is used.
 */
export function findVmsa(kernel: Kernel): Answer {
  const { vm: id, vcpu } = commandOf(kernel, 'psp.encryptstate')
  const { id: holder } = kernel.thread
  const process = curproc(kernel)
  const vm = lookup(kernel.world, id)
  if (process === undefined || vm === undefined) return refuse(kernel, 'ENOENT', 'vm_find')
  if (!mayUse(kernel, process, vm)) return refuse(kernel, 'EPERM', 'vm_find')
  kernel.record({ type: 'vm.referenced', vm: vm.ref, holder })
  kernel.record({ type: 'vm.released', vm: vm.ref, holder })
  if (vm.vcpus.find((one) => one.id === vcpu)?.sev !== 'seves') return refuse(kernel, 'ENOENT', 'svm_get_vmsa_pa')
  learn(kernel, { vm: vm.ref, vcpu })
  return DONE
}

/** psp_launch_update_vmsa(): whatever went wrong, it is EIO. */
export function encryptState(kernel: Kernel): Answer {
  const { vm, vcpu } = kernel.thread.locals
  const answer = commandGuest(
    kernel,
    'LAUNCH_UPDATE_VMSA',
    handleOf(kernel),
    (guest) => refusesUpdate(guest) ?? { type: 'encryptState', vm: vm as never, vcpu },
  )
  return answer.type === 'refused' ? refuse(kernel, 'EIO', 'psp_launch_update_vmsa') : answer
}
