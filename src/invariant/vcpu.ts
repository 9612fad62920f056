/**
 * vCPUs: what may end one, and what a guest may do to the host.
 *
 * Source: vm_run() of vmm.c; vmx_fault_page(), svm_fault_page() of vmm_machdep.c; pmap_enter() of pmap.c.
 */
import { hex, pageOf } from '../../events/address.ts'
import { isBacked, slotAt } from './facts.ts'
import { type AnyRule, rule } from './invariant.ts'

/** What the host may have again a moment later, and what another caller of RUN would not have been refused. */
const MENDABLE: readonly string[] = ['ENOMEM', 'EFAULT', 'EACCES']

const vcpuSurvivesAShortage = rule({
  id: 'I34',
  name: 'vcpu-survives-a-shortage',
  source:
    'vm_run(): any errno but EAGAIN makes the state TERMINATED; fault_page() passes on what pmap_enter() and uvm_fault_wire() say',
  on: ['vcpu.terminated'],
  counterexample({ event: { vm: ref, vcpu, errno }, world, call, thread }) {
    const caller = thread === null ? undefined : world.threads[thread]
    if (call === null || caller === undefined) return null
    const { gpa, at } = caller.locals
    const slot = typeof gpa === 'number' ? slotAt(world.vms[ref], pageOf(gpa)) : null
    if (slot === null || !isBacked(slot)) return null
    if (!MENDABLE.includes(errno) && at !== 'pmap_extract') return null
    return {
      subject: `vm ${ref} vcpu ${vcpu}`,
      sentence: `it is TERMINATED by ${errno} of ${at}() at gpa ${hex(gpa)}, where the VM has memory`,
    }
  },
})

const guestAccessNeverPanics = rule({
  id: 'I62',
  name: 'guest-access-never-panics',
  source: 'svm_fault_page(): pmap_enter() without PMAP_CANFAIL panics when it finds no page table or pv entry',
  on: ['host.panicked'],
  counterexample({ event: { fn, kind }, call, world, thread }) {
    if (call?.command.type !== 'ioc.run' && call?.command.type !== 'guest.fault') return null
    const gpa = thread === null ? 0 : (world.threads[thread]?.locals.gpa ?? 0)
    return { subject: `vm ${call.vm}`, sentence: `a guest access to gpa ${hex(gpa)} ends the host: ${kind} in ${fn}()` }
  },
})

export const vcpuRules: readonly AnyRule[] = [vcpuSurvivesAShortage, guestAccessNeverPanics]
