/**
 * The device as a whole: its switch, its counts, its gate and what INFO says about it.
 *
 * Source: vmmioctl(), vmm_activate(), vmm_start(), vmm_stop(), vm_create(), vm_terminate() and vm_get_info() of vmm(4).
 */
import type { World } from '../model/world.ts'
import { counted } from './facts.ts'
import { type AnyRule, always, atRest, type Claim, rule } from './invariant.ts'

/** Why virtualization has to be on, or null. */
function needOf(world: World): string | null {
  const [listed] = world.softc.list
  if (listed !== undefined) return `vm ${listed} is registered`
  for (const { ref, life, vcpus } of Object.values(world.vms)) {
    if (life === 'allocated') return `vm_create() makes vm ${ref}`
    if (vcpus.some((vcpu) => vcpu.life === 'inGuest')) return `a vCPU of vm ${ref} is in the guest`
  }
  return null
}

const virtualizationOnWhileNeeded = always('device', {
  id: 'I40',
  name: 'virtualization-on-while-needed',
  source: 'vmm_start() before vm_create(); vmm_stop() when vm_ct is 0, or after a start that failed',
  of(world) {
    const { softc, cpus } = world
    if (!softc.on) {
      const need = needOf(world)
      return need === null ? null : `virtualization is off, and ${need}`
    }
    const off = softc.status === 'active' ? cpus.findIndex(({ on }) => !on) : -1
    const need = off < 0 ? null : needOf(world)
    return need === null ? null : `virtualization is off on CPU ${off}, and ${need}`
  },
})

const virtualizationOffWhenUnused = atRest('device', {
  id: 'I40b',
  name: 'virtualization-off-when-unused',
  source: 'vm_terminate(): vmm_stop() after the last VM; a vm_create() that fails does not call it',
  of: ({ softc }) =>
    softc.on && softc.vmCt === 0 ? 'virtualization is on without a VM and without anybody who makes one' : null,
})

/** VMs that are counted: on the list, or unlinked by a vm_terminate() that has not counted down yet. */
function countedVms(world: World) {
  let vms = 0
  let vcpus = 0
  for (const { id, listed, life, vcpuCt } of Object.values(world.vms)) {
    if (!listed && !(id > 0 && (life === 'unlinked' || life === 'tearing'))) continue
    vms += 1
    vcpus += vcpuCt
  }
  let goneVms = 0
  let goneVcpus = 0
  for (const { command, locals } of Object.values(world.threads)) {
    if (command.type !== 'ioc.term' || locals.vm === null || world.vms[locals.vm] !== undefined) continue
    goneVms += 1
    goneVcpus += locals.vcpus
  }
  return { vms, vcpus, goneVms, goneVcpus }
}

const vmCountEqualsVms = always('device', {
  id: 'I43',
  name: 'vm-count-equals-vms',
  source: 'vm_create(): vm_ct++, vcpu_ct; vm_terminate(): both go down after the teardown',
  of(world) {
    const { softc, boot } = world
    // A call that has freed its VM has counted down or is about to.
    const { vms, vcpus, goneVms, goneVcpus } = countedVms(world)
    if (softc.vmCt < vms || softc.vmCt > vms + goneVms) return `vm_ct is ${softc.vmCt}; there are ${counted(vms, 'VM')}`
    if (softc.vcpuCt < vcpus || softc.vcpuCt > vcpus + goneVcpus)
      return `vcpu_ct is ${softc.vcpuCt}; there are ${counted(vcpus, 'vCPU')}`
    return softc.vcpuCt > boot.vcpuMax ? `vcpu_ct is ${softc.vcpuCt}, above the limit of ${boot.vcpuMax}` : null
  },
})

const deviceRefcntEqualsRequestsInside = always('device', {
  id: 'I45',
  name: 'device-refcnt-equals-requests-inside',
  source: 'vmmioctl(): sc_refcnt; vmm_activate(): its own reference is dropped by QUIESCE and taken anew by WAKEUP',
  of({ softc, threads }) {
    const own = softc.status === 'active' ? 1 : 0
    if (softc.refcnt !== own + softc.inside.length) {
      return `sc_refcnt is ${softc.refcnt}; the device is ${softc.status} and ${counted(softc.inside.length, 'request')} inside`
    }
    const gone = softc.inside.find((thread) => threads[thread] === undefined)
    return gone === undefined ? null : `the request of '${gone}' is counted inside and has ended`
  },
})

const vcpuStructsBelongToVms = atRest('device', {
  id: 'I71',
  name: 'vcpu-structs-belong-to-vms',
  source: 'vm_create(), vm_teardown(): pool_put() of what pool_get() gave',
  of({ pools, vms }) {
    const records = Object.values(vms)
    const vcpus = records.reduce((sum, vm) => sum + vm.vcpus.length, 0)
    if (pools.vcpu !== vcpus)
      return `vcpu_pool has ${counted(pools.vcpu, 'struct')} out; VMs have ${counted(vcpus, 'vCPU')}`
    return pools.vm === records.length
      ? null
      : `vm_pool has ${counted(pools.vm, 'struct')} out; there are ${counted(records.length, 'VM')}`
  },
})

export const deviceClaims: readonly Claim[] = [
  virtualizationOnWhileNeeded,
  virtualizationOffWhenUnused,
  vmCountEqualsVms,
  deviceRefcntEqualsRequestsInside,
  vcpuStructsBelongToVms,
]

/** sizeof(struct vm_info_result). @source dev/vmm/vmm.h */
const VM_INFO_ENTRY_SIZE = 160

const infoListsTheVms = rule({
  id: 'I41',
  name: 'info-lists-the-vms',
  source: 'vm_get_info(): vm_ct and the walk of vm_list are read under the lock separately',
  on: ['call.replied'],
  counterexample({ event: { reply }, call }) {
    if (call?.command.type !== 'ioc.info' || !reply.ok || !('vms' in reply)) return null
    const subject = `process ${call.command.pid}`
    const ids = reply.vms.map((vm) => vm.id).filter((id) => id >= 1)
    if (ids.length < reply.vms.length) {
      return {
        subject,
        sentence: `INFO gave ${counted(reply.count, 'entry', 'entries')}, of which ${reply.vms.length - ids.length} have no id`,
      }
    }
    if (new Set(ids).size < ids.length)
      return { subject, sentence: `INFO gave the ids ${ids.join(', ')}: one of them twice` }
    if (reply.count !== ids.length)
      return { subject, sentence: `INFO said ${reply.count} and gave ${counted(ids.length, 'entry', 'entries')}` }
    if (reply.need !== null || call.listed === null || call.listed.join() === ids.join()) return null
    return {
      subject,
      sentence: `INFO gave the ids ${ids.join(', ') || 'of no VM'}; vm_list had ${call.listed.join(', ') || 'none'}`,
    }
  },
})

const infoFitsItsBuffer = rule({
  id: 'I42',
  name: 'info-fits-its-buffer',
  source: 'vm_get_info(): vip_size bounds what is copied out',
  on: ['call.replied'],
  counterexample({ event: { reply }, call }) {
    if (call?.command.type !== 'ioc.info' || !('vms' in reply)) return null
    const room = Math.floor(call.command.size / VM_INFO_ENTRY_SIZE)
    if (reply.vms.length <= room) return null
    return {
      subject: `process ${call.command.pid}`,
      sentence: `INFO wrote ${reply.vms.length} entries into room for ${room}`,
    }
  },
})

const vmIdsIncrease = rule({
  id: 'I44',
  name: 'vm-ids-increase',
  source: 'vm_create(): id = ++vm_idx',
  on: ['vm.registered'],
  counterexample({ event: { vm, id }, past }) {
    return id > past.vmIdx
      ? null
      : { subject: `vm ${vm}`, sentence: `its id is ${id}, and ${past.vmIdx} was given out before` }
  },
})

export const deviceRules: readonly AnyRule[] = [infoListsTheVms, infoFitsItsBuffer, vmIdsIncrease]

/** Judged by the monitor for every event while the device is suspended and drained. */
export const suspendedDeviceRests: AnyRule = rule({
  id: 'I45',
  name: 'suspended-device-rests',
  source: 'vmm_activate(), DVACT_QUIESCE: refcnt_finalize() of sc_refcnt, then nobody is inside until DVACT_WAKEUP',
  on: [],
  counterexample: () => null,
})

/** Kinds of events that a request may cause without having passed the gate. */
export const BEFORE_THE_GATE = /^(call|lock|pledge|failpoint|device|machdep|host)\./
