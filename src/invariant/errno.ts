/**
 * What the ioctls answer: an errno says that nothing was done, and why.
 *
 * Source: vm_create(), vm_run() and vm_share_mem() of vmm(4); sys_ioctl().
 */
import { isPageAligned } from '../../events/address.ts'
import type { IocSharemem } from '../../events/command.ts'
import type { Reply } from '../../events/reply.ts'
import { VCPU_RUNNING, type World } from '../model/world.ts'
import type { CallRecord, SlotFound } from './calls.ts'
import { type AnyRule, type Finding, rule } from './invariant.ts'

/**
 * Whether a request of SHAREMEM repeats the VM's ranges, and leaves every address to the kernel; before the patch it
 * gave the addresses, each the start of a page.
 */
function repeats({ ranges, count, va }: IocSharemem, slots: readonly SlotFound[]): boolean {
  if (BigInt(count ?? ranges.length) !== BigInt(slots.length)) return false
  return slots.every(({ gpa, size, memtype, ofSpace }, i) => {
    const asked = ranges[i]
    if (asked?.gpa !== gpa || asked.size !== size || asked.memtype !== memtype) return false
    return ofSpace ? isPageAligned(asked.va) : BigInt(va[i] ?? 0) === 0n
  })
}

/** RUN that fails before it has entered the guest must leave the vCPU as it was. */
function untrueRun({ command, vm }: CallRecord, reply: Reply, world: World): Finding | null {
  if (command.type !== 'ioc.run' || reply.ok || reply.at !== 'copyin' || vm === null) return null
  const vcpu = world.vms[vm]?.vcpus.find(({ id }) => id === command.vcpu)
  if (vcpu?.state !== VCPU_RUNNING || vcpu.lock !== null) return null
  const subject = `vm ${vm} vcpu ${vcpu.id}`
  return { subject, sentence: `RUN answered ${reply.errno} before it ran anything, and the vCPU is RUNNING` }
}

export const errnoTellsTheTruth: AnyRule = rule({
  id: 'I51',
  name: 'errno-tells-the-truth',
  source: 'vm_share_mem(): "ret" of vm_find() is answered for ranges that differ; vm_create(); sys_ioctl(): copyout',
  on: ['call.replied'],
  counterexample({ event: { reply }, call, world }) {
    if (call === null) return null
    const { command, slots, vm, mapErrno, shareErrno } = call
    if (command.type === 'ioc.run') return untrueRun(call, reply, world)
    if (command.type === 'ioc.sharemem' && reply.ok && slots !== null && !repeats(command, slots)) {
      return {
        subject: `process ${command.pid}`,
        sentence: `SHAREMEM answered 0 to ranges that are not those of vm ${vm}`,
      }
    }
    if (command.type === 'ioc.sharemem' && reply.ok && shareErrno !== null)
      return { subject: `process ${command.pid}`, sentence: `uvm_share() said ${shareErrno}, and SHAREMEM answered 0` }
    if ((command.type !== 'ioc.create' && command.type !== 'ioc.sharemem') || reply.ok) return null
    if (shareErrno !== null && shareErrno !== reply.errno) {
      const sentence = `uvm_share() said ${shareErrno}, and the caller was told ${reply.errno}`
      return { subject: `process ${command.pid}`, sentence }
    }
    if (call.registered && vm !== null && world.vms[vm]?.listed) {
      return { subject: `vm ${vm}`, sentence: `CREATE answered ${reply.errno}, and the VM exists` }
    }
    if (reply.at !== 'uvm_map' || mapErrno === null || mapErrno === reply.errno) return null
    return {
      subject: `process ${command.pid}`,
      sentence: `uvm_map() said ${mapErrno}, and the caller was told ${reply.errno}`,
    }
  },
})
