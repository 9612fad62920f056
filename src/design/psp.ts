/** The PSP's driver: the same in every design. */
import {
  encryptStateMachine,
  guestShutdownMachine,
  launchUpdateMachine,
  pspCommandMachine,
} from '../../machines/calls/psp.ts'
import type { Primitive } from '../kernel/kernel.ts'
import * as psp from '../kernel/psp.ts'

export const pspRoutines = {
  'psp.init': pspCommandMachine('psp_reinit', 'psp_reinit(): INIT'),
  'psp.shutdown': pspCommandMachine('psp_shutdown', 'psp_shutdown(): SHUTDOWN'),
  'psp.pstatus': pspCommandMachine('psp_get_pstatus', 'psp_get_pstatus(): PLATFORMSTATUS'),
  'psp.gstatus': pspCommandMachine('psp_get_gstatus', 'psp_get_gstatus(): GUESTSTATUS'),
  'psp.dfflush': pspCommandMachine('psp_df_flush', 'psp_df_flush(): DF_FLUSH'),
  'psp.launchstart': pspCommandMachine('psp_launch_start', 'psp_launch_start(): LAUNCH_START'),
  'psp.launchupdate': launchUpdateMachine,
  'psp.encryptstate': encryptStateMachine,
  'psp.launchmeasure': pspCommandMachine('psp_launch_measure', 'psp_launch_measure(): LAUNCH_MEASURE'),
  'psp.launchfinish': pspCommandMachine('psp_launch_finish', 'psp_launch_finish(): LAUNCH_FINISH'),
  'psp.activate': pspCommandMachine('psp_activate', 'psp_activate(): ACTIVATE'),
  'psp.deactivate': pspCommandMachine('psp_deactivate', 'psp_deactivate(): DEACTIVATE'),
  'psp.decommission': pspCommandMachine('psp_decommission', 'psp_decommission(): DECOMMISSION'),
  'psp.guestshutdown': guestShutdownMachine,
} as const

export const pspPrimitives: Readonly<Record<string, Primitive>> = {
  pledge_ioctl_psp: psp.filterPspRequest,
  psp_lock: psp.lockPsp,
  psp_unlock: psp.unlockPsp,
  psp_reinit: psp.initPlatform,
  psp_shutdown: psp.shutDownPlatform,
  psp_get_pstatus: psp.askPlatform,
  psp_get_gstatus: psp.askGuest,
  psp_df_flush: psp.flushFabric,
  psp_launch_start: psp.launchStart,
  psp_launch_measure: psp.measure,
  psp_launch_finish: psp.finish,
  psp_activate: psp.activate,
  psp_deactivate: psp.deactivate,
  psp_decommission: psp.decommission,
  psp_check_alignment: psp.checkAlignment,
  psp_pageable_wire: psp.beginUpdate,
  psp_fault_wire_next: psp.wireUpdatePage,
  psp_update_page: psp.updatePage,
  psp_pageable_pgon: psp.endUpdate,
  svm_get_vmsa_pa: psp.findVmsa,
  psp_launch_update_vmsa: psp.encryptState,
}
