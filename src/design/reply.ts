/** What a call that has ended answers, from what it knows. */

import { sevOf } from '../../events/boot.ts'
import type { Errno } from '../../events/errno.ts'
import { unreachable } from '../../events/event.ts'
import type { CreateReply, FaultReport, Refusal, Reply, VmInfo } from '../../events/reply.ts'
import { dumpedRanges } from '../kernel/kern_fork.ts'
import { pspOf } from '../model/psp.ts'
import type { Locals, Thread, World } from '../model/world.ts'

function refusalOf({ errno, at }: Locals): Refusal | null {
  return errno === null ? null : { ok: false, errno, at }
}

/** The exit structure, once a handler has been reached. */
function reportOf(locals: Locals): FaultReport {
  const { exit, instructionLength, instructionInfo } = locals
  return { exit, instructionLength, instructionInfo }
}

/** An entry of INFO's buffer, as a value of its own: a reply outlives the call that it ends. */
function infoOf(info: VmInfo): VmInfo {
  return { ...info, states: info.states.map((one) => ({ ...one })) }
}

/** The handler was reached once the vCPU was found: what refuses before leaves no report. */
const BEFORE_HANDLER: readonly string[] = [
  'curproc',
  'pledge_ioctl_vmm',
  'rw_enter',
  'rwsleep',
  'vm_find',
  'vm_find_vcpu',
]

/** vcp_poscbit and vcp_asid[], which only vcpu_init_svm() fills in. */
function sevParams({ boot }: World, { asids }: Locals): Pick<Extract<CreateReply, { ok: true }>, 'poscbit' | 'asid'> {
  return asids === undefined ? {} : { poscbit: sevOf(boot).cbit, asid: [...asids] }
}

/** Why a thread stays where it is. */
const WHY_NOT_MOVED: Readonly<Partial<Record<Errno, string>>> = {
  ESRCH: 'there is no other thread of that name with a call in flight',
  EINVAL: 'the host has no such CPU',
  EBUSY: 'the thread stands where the kernel neither sleeps nor is preempted',
}

/** The answer to the thread's command. */
export function replyOf(world: World, thread: Thread): Reply {
  const { command, locals } = thread
  const refusal = refusalOf(locals)
  switch (command.type) {
    case 'ioc.create':
      return refusal ?? { ok: true, id: locals.id, va: [...locals.va], ...sevParams(world, locals) }
    case 'ioc.sharemem': {
      const given = command.ranges.map((_, i) => command.va[i] ?? 0)
      const va = locals.va.length > 0 ? [...locals.va] : given
      if (refusal === null) return { ok: true, va }
      const entered = !['curproc', 'pledge_ioctl_vmm', 'rw_enter', 'rwsleep'].includes(refusal.at)
      return { ...refusal, va: entered ? va : null }
    }
    case 'guest.fault':
      if (refusal === null) return { ok: true, ...reportOf(locals) }
      return { ...refusal, report: BEFORE_HANDLER.includes(refusal.at) ? null : reportOf(locals) }
    case 'ioc.run': {
      const report = locals.exit === 'none' ? null : reportOf(locals)
      // EAGAIN is how the run loop says that userland has something to do: RUN answers 0 then.
      if (refusal === null || refusal.errno === 'EAGAIN') return { ok: true, reason: locals.reason, report }
      return { ...refusal, report }
    }
    case 'ioc.info':
      if (refusal !== null) return { ...refusal, count: locals.count }
      return { ok: true, count: locals.count ?? 0, need: locals.need, vms: locals.vms.map(infoOf) }
    case 'host.read': {
      const { faulted, value, word } = locals
      if (refusal !== null) return { ...refusal, faulted }
      return word === undefined ? { ok: true, faulted, value } : { ok: true, faulted, word }
    }
    case 'host.write':
    case 'host.touch':
      return refusal === null ? { ok: true, faulted: locals.faulted } : { ...refusal, faulted: locals.faulted }
    case 'host.mmap':
      return refusal ?? { ok: true, va: locals.va[0] ?? 0 }
    case 'host.reclaim':
      return refusal ?? { ok: true, fate: locals.fate }
    case 'host.coredump': {
      const process = world.processes[command.pid]
      return refusal ?? { ok: true, ranges: process === undefined ? [] : dumpedRanges(process) }
    }
    case 'host.migrate':
      return refusal === null ? { ok: true } : { ...refusal, why: WHY_NOT_MOVED[refusal.errno] ?? '' }
    case 'host.muststop':
      return refusal ?? { ok: true, stop: locals.stop }
    case 'psp.launchstart':
      return refusal ?? { ok: true, handle: locals.id }
    case 'psp.pstatus': {
      const { initialised, guests } = pspOf(world)
      const working = Object.keys(guests).length > 0 ? 'working' : 'initialised'
      return refusal ?? { ok: true, platform: initialised ? working : 'uninitialised' }
    }
    case 'psp.gstatus': {
      // sc_lock was dropped in the step that this reply ends: the guest is as it was when the PSP was asked.
      const guest = pspOf(world).guests[command.handle]
      if (refusal !== null || guest === undefined) return refusal ?? { ok: false, errno: 'EIO', at: 'ccp_docmd' }
      return { ok: true, guest: guest.life, asid: guest.asid, es: guest.es }
    }
    case 'guest.translate':
      return refusal ?? { ok: true, gpa: locals.found ?? 0 }
    case 'ioc.readregs':
      return refusal ?? { ok: true, registers: { ...locals.registers } }
    case 'ioc.readvmparams':
      return refusal ?? { ok: true, ...locals.params }
    case 'ioc.term':
    case 'ioc.writeregs':
    case 'ioc.writevmparams':
    case 'ioc.intr':
    case 'ioc.resetcpu':
    case 'ioc.mprotectept':
    case 'ioc.unknown':
    case 'host.spawn':
    case 'host.pledge':
    case 'host.exit':
    case 'host.signal':
    case 'host.munmap':
    case 'host.mprotect':
    case 'host.minherit':
    case 'host.madvise':
    case 'host.msync':
    case 'host.mlock':
    case 'host.munlock':
    case 'host.fork':
    case 'host.exec':
    case 'host.pageout':
    case 'host.deactivate':
    case 'host.suspend':
    case 'host.wakeup':
    case 'host.poke':
    case 'host.hold':
    case 'host.release':
    case 'fail.next':
    case 'psp.init':
    case 'psp.shutdown':
    case 'psp.dfflush':
    case 'psp.launchupdate':
    case 'psp.encryptstate':
    case 'psp.launchmeasure':
    case 'psp.launchfinish':
    case 'psp.activate':
    case 'psp.deactivate':
    case 'psp.decommission':
    case 'psp.guestshutdown':
      return refusal ?? { ok: true }
    default:
      return unreachable(command)
  }
}
