/**
 * vCPUs: what may end one, and what a guest may do to the host.
 *
 * Source: vm_run() of vmm.c; vmx_fault_page(), svm_fault_page() of vmm_machdep.c; pmap_enter() of pmap.c.
 */
import { hex, PAGE_SIZE, pageOf, type Word64 } from '../../events/address.ts'
import { type Locals, VCPU_REQTERM, type Vm, type World } from '../model/world.ts'
import { type CallRecord, pidOf } from './calls.ts'
import { frameText, isBacked, nestedLeafAt, objectText, slotAt, subjectText } from './facts.ts'
import { type AnyRule, type Finding, rule } from './invariant.ts'
import { isCreator, referenceFault } from './reference-fault.ts'

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

/** A handler's verdict as it was learnt: what it took the address for. */
function wrongVerdict(vm: Vm, gpa: Word64, { exit, at, errno }: Partial<Locals>): string | null {
  const { verdict } = referenceFault(vm, gpa)
  const where = `gpa ${hex(gpa)}, where the VM has ${{ completes: 'memory', assist: 'MMIO', dies: 'nothing' }[verdict]}`
  if (exit === 'mmio' && verdict !== 'assist') return `userland is asked to emulate an access to ${where}`
  if (at === 'vmm_get_guest_memtype' && verdict !== 'dies') return `the vCPU stops with ${errno} for ${where}`
  // An EPT misconfiguration, which no range asks for.
  if (at === 'vmx_handle_exit' && verdict === 'completes') return `the vCPU stops with ${errno} for ${where}`
  if (at === 'vmm_translate_gpa' && verdict === 'completes') return `the vCPU stops with ${errno} for ${where}`
  return null
}

/**
 * What a fault on memory fails with when the host is short of something, I34 says, and what it fails with because of
 * its caller, I60.
 */
const faultVerdictFollowsTheRanges = rule({
  id: 'I84',
  name: 'fault-verdict-follows-the-ranges',
  source: "vmm_get_guest_memtype(): MMIO is userland's, memory is served, and nothing else is anywhere",
  on: ['call.learnt', 'vcpu.terminated'],
  counterexample({ event, world, call, thread }) {
    const caller = thread === null ? undefined : world.threads[thread]
    const vm = call?.vm === undefined || call.vm === null ? undefined : world.vms[call.vm]
    if (caller === undefined || vm === undefined) return null
    const { command, locals } = caller
    if (command.type !== 'ioc.run' && (command.type !== 'guest.fault' || command.direct)) return null
    const gpa = command.type === 'guest.fault' ? command.gpa : locals.gpa
    const subject = `vm ${vm.ref} vcpu ${locals.vcpu}`
    if (event.type === 'call.learnt') {
      const sentence = wrongVerdict(vm, gpa, event.locals as Partial<Locals>)
      return sentence === null ? null : { subject, sentence }
    }
    if (event.errno === 'EINVAL' || referenceFault(vm, gpa).verdict !== 'dies') return null
    return { subject, sentence: `a fault at gpa ${hex(gpa)}, where the VM has nothing, ends with ${event.errno}` }
  },
})

/** A leaf that was entered where none may be: the fault was served, and should not have been. */
export function servedInVainAt(world: World, pmap: number, page: number, call: CallRecord | null): Finding | null {
  // The page-fault function by itself does not ask which range it is.
  if (call?.command.type === 'guest.fault' && call.command.direct) return null
  const leaf = nestedLeafAt(world, pmap, page)
  if (leaf === null || (leaf.slot !== null && isBacked(leaf.slot))) return null
  const where = leaf.slot === null ? 'outside every range' : 'in an MMIO range'
  return { subject: subjectText(world, 'leaf', pmap, page), sentence: `a fault ${where} was served with a page` }
}

/** What the caller's own memory says, and the VM's does not. */
const OF_THE_CALLER: readonly string[] = ['EFAULT', 'EACCES']

const guestFaultDoesNotDependOnItsCaller = rule({
  id: 'I60',
  name: 'guest-fault-does-not-depend-on-its-caller',
  source: 'fault_page(): pmap_extract() and uvm_fault_wire() of curproc, which need not be the creator',
  on: ['vcpu.terminated', 'call.replied'],
  counterexample({ event, world, call, thread }) {
    const caller = thread === null ? undefined : world.threads[thread]
    const errno = event.type === 'vcpu.terminated' ? event.errno : event.reply.ok ? null : event.reply.errno
    const at = event.type === 'vcpu.terminated' ? caller?.locals.at : event.reply.ok ? null : event.reply.at
    const wanted = event.type === 'vcpu.terminated' ? 'ioc.run' : 'guest.fault'
    if (call === null || errno === null || call.command.type !== wanted || at !== 'uvm_fault_wire') return null
    const vm = call.vm === null ? undefined : world.vms[call.vm]
    const { pid } = call.command
    if (vm === undefined || !OF_THE_CALLER.includes(errno) || isCreator(world, vm, pid)) return null
    const gpa = call.command.type === 'guest.fault' ? call.command.gpa : (caller?.locals.gpa ?? 0)
    if (referenceFault(vm, gpa).verdict !== 'completes') return null
    return {
      subject: `vm ${vm.ref} vcpu ${'vcpu' in call.command ? call.command.vcpu : 0}`,
      sentence: `a fault at gpa ${hex(gpa)} ends with ${errno} because process ${pid} runs it; the VM has memory there`,
    }
  },
})

/** A leaf that was entered and shows what the caller had there instead of what the VM has. */
export function callersPageAt(world: World, pmap: number, page: number, call: CallRecord | null): Finding | null {
  const leaf = nestedLeafAt(world, pmap, page)
  const type = call?.command.type
  if (leaf?.vm === undefined || call === null || (type !== 'ioc.run' && type !== 'guest.fault')) return null
  const pid = pidOf(call) ?? 0
  const reference = referenceFault(leaf.vm, page * PAGE_SIZE)
  if (reference.verdict !== 'completes' || reference.page === null) return null
  const { object, index } = reference.page
  const { memory } = world
  if (
    memory.use(leaf.frame) === 'object' &&
    memory.owner(leaf.frame) === object &&
    memory.pageIndex(leaf.frame) === index
  )
    return null
  if (isCreator(world, leaf.vm, pid)) return null
  return {
    subject: subjectText(world, 'leaf', pmap, page),
    sentence: `process ${pid} runs the vCPU, and the guest was given ${frameText(world, leaf.frame)}, not page ${index} of ${objectText(world, object)}`,
  }
}

/** The two are judged where leaves are, when a step ends that entered one about which something is wrong. */
export const LEAF_RULES = { served: faultVerdictFollowsTheRanges, callers: guestFaultDoesNotDependOnItsCaller } as const

const stopRequestReachesTheGuest = rule(
  {
    id: 'I72',
    name: 'stop-request-reaches-the-guest',
    source: 'vm_terminate(): refcnt_finalize() waits for RUN; nobody sets VCPU_STATE_REQTERM, and no IPI is sent',
    on: ['call.blocked'],
    counterexample({ event: { on }, world, call, thread }) {
      if (on !== 'refcnt_finalize' || call?.command.type !== 'ioc.term' || call.vm === null) return null
      for (const { id, life, state, lock } of world.vms[call.vm]?.vcpus ?? []) {
        const runner = lock === null ? undefined : world.threads[lock]
        if (life !== 'inGuest' || runner === undefined || state === VCPU_REQTERM) continue
        if (world.processes[runner.locals.pid]?.signalled) continue
        return {
          subject: `vm ${call.vm}`,
          sentence: `TERM of '${thread}' waits for vcpu ${id}, which '${lock}' runs: it leaves at a signal, a user exit or the end of its quantum, and nothing that TERM did brings it out`,
        }
      }
      return null
    },
  },
  'warning',
)

export const vcpuRules: readonly AnyRule[] = [
  vcpuSurvivesAShortage,
  guestAccessNeverPanics,
  faultVerdictFollowsTheRanges,
  guestFaultDoesNotDependOnItsCaller,
  stopRequestReachesTheGuest,
]
