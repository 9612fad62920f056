/**
 * Designs with one plausible mistake each. The recordings must tell every one of them from the real kernel, and so
 * must whatever else claims to find mistakes.
 */
import { aobj, aobjDying } from '../../src/design/aobj.ts'
import { type Derivation, type Detours, defineDesign } from '../../src/design/define.ts'
import type { Design } from '../../src/design/design.ts'
import { DONE, learn, NONE, type Primitive } from '../../src/kernel/kernel.ts'

/** `design` with a mistake, under its own name and that of the mistake. */
function variantOf(
  design: Design,
  name: string,
  about: string,
  change: Pick<Derivation, 'routines' | 'primitives'>,
): Design {
  return defineDesign(design, { name: `${design.name}, ${name}`, about, ...change })
}

function original(name: string): Primitive {
  const primitive = aobjDying.primitives[name]
  if (primitive === undefined) throw new TypeError(`the design has no kernel function '${name}'`)
  return primitive
}

/** Runs `primitive`; where its loop has ended, the next one starts from 0. */
function rewinding(primitive: Primitive): Primitive {
  return (kernel) => {
    const answer = primitive(kernel)
    if (answer.type === 'none') learn(kernel, { cursor: 0 })
    return answer
  }
}

const detachFirst: Detours = {
  freeingVcpus: { none: 'releasingSlots' },
  releasingSlots: { none: 'removingRanges' },
  removingRanges: { none: 'destroyingPmap' },
}

const detachBeforeRemove = variantOf(
  aobjDying,
  'detach before remove',
  'vm_teardown() drops its objects while the guest can still reach their pages',
  {
    routines: { 'ioc.term': detachFirst, 'ioc.create': detachFirst },
    primitives: { next_held_slot: rewinding(original('next_held_slot')) },
  },
)

export const DEFECTIVE: readonly Design[] = [
  detachBeforeRemove,
  variantOf(aobjDying, 'no removal', 'vm_teardown() leaves the nested leaves to pmap_destroy()', {
    primitives: { pmap_remove_range: () => NONE },
  }),
  variantOf(aobjDying, 'no reference on share', 'vm_share_mem() forgets uao_reference()', {
    primitives: {
      uao_reference_shared: ({ thread }) => ({ type: 'uao.referenced', object: thread.locals.object as never }),
    },
  }),
  variantOf(aobjDying, 'no reference for vmm', 'vm_create() forgets uao_reference()', {
    primitives: {
      uao_reference_slot: ({ thread }) => ({ type: 'uao.referenced', object: thread.locals.object as never }),
    },
  }),
  variantOf(aobjDying, 'seal before reference', 'vm_share_mem() pays for its entry only once it is sealed', {
    routines: {
      'ioc.sharemem': {
        mappingSlot: { 'uvm.mapped': 'sealingSlot' },
        sealingSlot: { 'uvm.sealed': 'referencingObject' },
      },
    },
  }),
  variantOf(aobjDying, 'no reload', 'vmx_fault_page() trusts that its VMCS is still loaded after it slept', {
    routines: { 'guest.fault': { wiring: { done: 'extractingAgain' }, wiringAgain: { done: 'extractingAgain' } } },
  }),
  variantOf(aobjDying, 'no second extract', 'fault_page() trusts that a fault without error has mapped a page', {
    routines: { 'guest.fault': { extractingAgain: { 'page.absent': 'unlocking' } } },
  }),
  variantOf(aobjDying, 'no drain', 'vm_terminate() does not wait for the requests that still use the VM', {
    primitives: { refcnt_finalize: () => DONE },
  }),
  variantOf(aobjDying, 'no unwinding', 'vm_share_mem() leaves what it mapped when a later range fails', {
    routines: { 'ioc.sharemem': { mappingSlot: { refused: 'releasing' } } },
  }),
  // The older code, held to what the newer one did.
  { ...aobj, name: 'aobj of May in December', about: 'nothing is wrong with it but its date', recorded: 'newest' },
]
