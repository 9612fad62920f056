/**
 * The designs in which a VM owns a bare nested pmap and one memory object per slot: the patch as it was committed in
 * May 2025 (v7), and the code of December 2025, which added vm_dying and gives a vCPU back whose init failed.
 */
import { createMachineOf } from '../../machines/calls/create.ts'
import { nestedFault, teardown } from '../../machines/calls/fragments.ts'
import {
  exitMachine,
  munmapMachine,
  pageoutMachine,
  pokeMachine,
  singleStep,
  suspendMachine,
  touchMachine,
  wakeupMachine,
} from '../../machines/calls/host.ts'
import { infoMachine } from '../../machines/calls/info.ts'
import { intrMachine, readvmparamsMachine, rwregsMachineOf, writevmparamsMachine } from '../../machines/calls/regs.ts'
import { resetcpuMachine } from '../../machines/calls/resetcpu.ts'
import { faultMachineOf, runMachineOf } from '../../machines/calls/run.ts'
import { sharememMachine } from '../../machines/calls/sharemem.ts'
import { terminateMachineOf } from '../../machines/calls/term.ts'
import { unknownMachine } from '../../machines/calls/unknown.ts'
import { walkMachine } from '../../machines/calls/walk.ts'
import * as device from '../kernel/device.ts'
import * as ghcb from '../kernel/ghcb.ts'
import * as walk from '../kernel/guest_walk.ts'
import * as host from '../kernel/host.ts'
import { DONE, type Primitive } from '../kernel/kernel.ts'
import { filterRequest } from '../kernel/pledge.ts'
import * as clock from '../kernel/pvclock.ts'
import * as pdaemon from '../kernel/uvm_pdaemon.ts'
import * as create from '../kernel/vmm_create.ts'
import * as find from '../kernel/vmm_find.ts'
import * as info from '../kernel/vmm_info.ts'
import * as instruction from '../kernel/vmm_instruction.ts'
import * as regs from '../kernel/vmm_regs.ts'
import * as run from '../kernel/vmm_run.ts'
import * as share from '../kernel/vmm_share.ts'
import * as tear from '../kernel/vmm_teardown.ts'
import * as vmcs from '../kernel/vmm_vmcs.ts'
import type { Design } from './design.ts'
import { environmentPrimitives, environmentRoutines } from './environment.ts'
import { pspPrimitives, pspRoutines } from './psp.ts'

const primitives: Readonly<Record<string, Primitive>> = {
  nothing: () => DONE,
  pledge_ioctl_vmm: filterRequest,
  vmmioctl_enter: device.enterDevice,
  vmmioctl_leave: device.leaveDevice,
  vmm_start: device.startVirtualization,
  vmm_stop: device.stopVirtualization,
  refuse_unknown: device.refuseUnknown,
  device_suspend: device.suspendDevice,
  device_drain: device.drainDevice,
  activate_quiesce: device.activateQuiesce,
  activate_wakeup: device.activateWakeup,
  device_resume: device.resumeDevice,
  arm_failpoint: device.armFailpoint,
  vm_find: find.findVm,
  refcnt_rele_wake: find.releaseVm,
  vm_find_vcpu: find.findVcpu,
  vcpu_lock: find.lockVcpu,
  vcpu_unlock: find.unlockVcpu,
  ask_must_stop: find.askMustStop,
  hold_vm: find.holdVm,
  release_hold: find.releaseHold,
  vcpu_poke: find.pokeVcpu,
  vm_condemn: find.condemnVm,
  vm_unlink: find.unlinkVm,
  refcnt_rele_list: find.releaseList,
  refcnt_rele_own: find.releaseVm,
  refcnt_finalize: find.drainVm,
  vm_create_check_mem_ranges: create.validateCreate,
  check_capacity: create.checkCapacity,
  vm_get: create.allocateVm,
  pmap_create_nested: create.createNestedPmap,
  next_backed_slot: create.nextBackedSlot,
  uao_create: create.createSlotObject,
  uvm_map_slot: create.mapSlot,
  uao_detach_carried: create.detachCarried,
  uvm_map_immutable_slot: create.sealSlot,
  uvm_unmap_slot: create.unmapSlot,
  uvm_unmap_detach: host.detachDead,
  uao_reference_slot: create.referenceSlot,
  vm_impl_init: create.convertPmap,
  vcpu_get: create.allocateVcpu,
  vcpu_init: create.initialiseVcpu,
  vcpu_put: create.freeVcpu,
  vm_register: create.registerVm,
  vm_teardown: tear.beginTeardown,
  next_vcpu: tear.nextVcpu,
  pmap_remove_range: tear.removeNextRange,
  next_held_slot: tear.nextHeldSlot,
  uao_detach_slot: tear.detachSlot,
  pmap_destroy: tear.destroyNestedPmap,
  vm_put: tear.freeVm,
  vm_uncount: tear.uncountVm,
  vmm_stop_last: tear.stopAfterLast,
  compare_ranges: share.compareRanges,
  next_shared_slot: create.nextBackedSlot,
  uvm_map_shared: share.mapShared,
  uao_reference_shared: share.referenceShared,
  uvm_map_immutable_shared: share.sealShared,
  uvm_unmap_shared: share.unmapShared,
  info_count: info.countVms,
  info_malloc: info.allocateInfo,
  info_walk: info.walkVms,
  info_copyout: info.copyOutInfo,
  np_fault_classify: run.classifyFault,
  pmap_extract_curproc: run.extractPage,
  pmap_extract_first: run.extractBeforeFault,
  uvm_fault_wire_curproc: run.faultWire,
  uvm_fault_wire_again: run.faultWireAgain,
  vcpu_reload_vmcs_vmx: vmcs.reloadVmcs,
  refuse_absent: run.refuseAbsent,
  pmap_enter_nested: run.enterLeaf,
  vcpu_reset_regs: run.resetVcpu,
  vcpu_start: run.startVcpu,
  run_copyin: run.copyInRun,
  vcpu_load: run.loadVcpu,
  guest: run.runGuest,
  vcpu_must_stop: run.checkMustStop,
  vcpu_leave: vmcs.leaveLoop,
  run_copyout: run.copyOutRun,
  rwregs_mode: regs.chooseMode,
  vcpu_readregs: regs.readRegisters,
  vcpu_writeregs: regs.writeRegisters,
  vm_readvmparams: regs.readParams,
  vm_writevmparams: regs.writeParams,
  vmm_init_pvclock: regs.placeGivenClock,
  vm_intr_pending: regs.flagInterrupt,
  pvclock_extract: clock.extractClock,
  pvclock_open: clock.openClock,
  pvclock_fill: clock.fillClock,
  pvclock_close: clock.closeClock,
  wallclock_extract: clock.extractWallClock,
  wallclock_open: clock.openWallClock,
  wallclock_fill: clock.fillWallClock,
  wallclock_close: clock.closeWallClock,
  handle_instruction: instruction.handlerOfInstructions(true),
  pdptes_extract: instruction.extractPdptes,
  ghcb_extract: ghcb.extractGhcb,
  ghcb_read: ghcb.readGhcb,
  ghcb_write: ghcb.writeGhcb,
  // An address of the kernel to map the page at: what is modelled of it is the sleep.
  pdptes_map: () => DONE,
  pdptes_read: instruction.readPdptes,
  pdptes_unmap: () => DONE,
  walk_begin: walk.beginWalk,
  walk_extract: walk.extractEntry,
  walk_read: walk.readEntry,
  walk_mark: walk.markEntry,
  spawn: host.spawnProcess,
  signal: host.signalProcess,
  access: host.access,
  uvm_fault: host.faultOrdinary,
  ...environmentPrimitives,
  ...pspPrimitives,
  exit_collect_threads: host.collectThreads,
  exit_next_entry: host.exitNextEntry,
  exit_pmap_destroy: host.exitDestroyPmap,
  pageout_choose: pdaemon.choosePage,
  pageout_protect: pdaemon.protectPage,
  pageout_write: pdaemon.writePage,
  pageout_free: pdaemon.freeEvicted,
}

const shared = {
  'ioc.sharemem': sharememMachine,
  'ioc.run': runMachineOf(nestedFault),
  'ioc.info': infoMachine,
  'ioc.resetcpu': resetcpuMachine,
  'ioc.readregs': rwregsMachineOf('vcpu_readregs'),
  'ioc.writeregs': rwregsMachineOf('vcpu_writeregs'),
  'ioc.readvmparams': readvmparamsMachine,
  'ioc.writevmparams': writevmparamsMachine,
  'ioc.intr': intrMachine,
  'guest.translate': walkMachine,
  // The patch removed it.
  'ioc.mprotectept': unknownMachine,
  'ioc.unknown': unknownMachine,
  'guest.fault': faultMachineOf(nestedFault),
  'host.spawn': singleStep('spawn', 'spawn', 'fork(2), exec(2)'),
  'host.exit': exitMachine,
  'host.signal': singleStep('signal', 'signal', 'kill(2)'),
  'host.touch': touchMachine,
  ...environmentRoutines,
  ...pspRoutines,
  'host.munmap': munmapMachine,
  'host.pageout': pageoutMachine,
  'host.suspend': suspendMachine,
  'host.wakeup': wakeupMachine,
  'host.muststop': singleStep('muststop', 'ask_must_stop', 'vcpu_must_stop()'),
  'host.poke': pokeMachine,
  'host.hold': singleStep('hold', 'hold_vm', 'vm_find()'),
  'host.release': singleStep('release', 'release_hold', 'refcnt_rele_wake()'),
  'fail.next': singleStep('fail', 'arm_failpoint', 'a test'),
} as const

/** The patch as committed in May 2025. */
export const aobj: Design = {
  name: 'aobj',
  about: 'one memory object per slot and a bare nested pmap: the patch, v7, May 2025',
  memoryFrom: 'vmm',
  recorded: 'v7',
  routines: { ...shared, 'ioc.create': createMachineOf(false), 'ioc.term': terminateMachineOf(false, teardown) },
  primitives,
}

/** vmm.c 1.8 of December 2025. */
export const aobjDying: Design = {
  name: 'aobj-dying',
  about: 'the patch with vm_dying, and the vcpu back in its pool when its init fails: December 2025',
  memoryFrom: 'vmm',
  recorded: 'newest',
  routines: { ...shared, 'ioc.create': createMachineOf(true), 'ioc.term': terminateMachineOf(true, teardown) },
  primitives,
}
