/**
 * The guest's state that is kept for a vCPU, and what the kernel reads and writes in guest memory by itself.
 *
 * Source: vmm_update_pvclock(), vmm_pv_wall_clock(), vmm_gpa_is_valid(), vmx_load_pdptes(), vmm_translate_gva(),
 * vm_rwvmparams(), vm_intr_pending() of vmm_machdep.c; Intel SDM vol. 3A, "PDPTE Registers".
 */
import { hex, PAGE_SIZE, pageOf, type Word64, word64 } from '../../events/address.ts'
import type { PdptesLoaded } from '../../events/guest.ts'
import type { Accessor } from '../../events/memory.ts'
import { bytesOf, withBit } from '../../events/word.ts'
import { backingOf } from '../model/backing.ts'
import { guestOf, pagingOf } from '../model/guest.ts'
import { hasFlag, LEAF_READ, leafFlags, leafFrame } from '../model/memory.ts'
import { tableOf } from '../model/words.ts'
import type { World } from '../model/world.ts'
import { frameText, isBacked, ownFrame } from './facts.ts'
import { walkAsCpu } from './guest-walk.ts'
import { type AnyRule, type Finding, rule } from './invariant.ts'

type KernelAccessor = Extract<Accessor, { readonly kind: 'kernel' }>

const subjectOf = (vm: number, vcpu: number): string => `vm ${vm} vcpu ${vcpu}`
const isKernel = (by: Accessor): by is KernelAccessor => by.kind === 'kernel'

const FOR: Readonly<Record<KernelAccessor['for'], string>> = {
  pvclock: 'the clock',
  wallclock: 'the wall clock',
  pdptes: 'the PDPTEs',
  walk: 'a walk of the page tables',
  ghcb: 'the GHCB',
}

const kernelAccessFindsItsPage = rule({
  id: 'I14',
  name: 'kernel-access-finds-its-page',
  source:
    'vmm_update_pvclock(), vmx_load_pdptes(), vmm_translate_gva(), svm_handle_vmgexit(): pmap_extract() pins nothing',
  on: ['word.read', 'word.written'],
  counterexample({ event: { type, by, frame }, world }) {
    if (!isKernel(by)) return null
    if (ownFrame(world.memory, world.vms[by.vm], pageOf(by.gpa)) === frame) return null
    const verb = type === 'word.read' ? 'reads' : 'writes'
    return {
      subject: subjectOf(by.vm, by.vcpu),
      sentence: `for ${FOR[by.for]} at gpa ${hex(by.gpa)} the kernel ${verb} ${frameText(world, frame)}`,
    }
  },
})

/** What each event changes, in words. */
const CHANGED = {
  'registers.written': 'registers',
  'clock.placed': 'vc_pvclock_system_gpa',
  'clock.versioned': 'vc_pvclock_version',
  'exception.raised': 'vc_inject',
  'exception.dropped': 'vc_inject',
  'interrupt.flagged': 'vc_intr',
  'vcpu.reset': 'registers',
} as const

const vcpuStateChangesUnderItsLock = rule({
  id: 'I35',
  name: 'vcpu-state-changes-under-its-lock',
  source: 'vm_rwregs(), vm_resetcpu(), vm_run(): rw_enter_write(vc_lock); vm_rwvmparams(), vm_intr_pending(): nothing',
  on: [
    'registers.written',
    'clock.placed',
    'clock.versioned',
    'exception.raised',
    'exception.dropped',
    'interrupt.flagged',
    'vcpu.reset',
  ],
  counterexample({ event: { type, vm, vcpu }, world, thread }) {
    const lock = world.vms[vm]?.vcpus.find((one) => one.id === vcpu)?.lock ?? null
    if (lock !== null && lock === thread) return null
    const holder = lock === null ? 'nobody has' : `${lock} has`
    return {
      subject: subjectOf(vm, vcpu),
      sentence: `${thread ?? 'nobody'} changes ${CHANGED[type]} while ${holder} vc_lock`,
    }
  },
})

/** What the page behind a guest page holds, wherever it is now. */
function contentsAt(world: World, ref: number, gpa: number): number {
  const vm = world.vms[ref]
  const page = vm === undefined ? null : backingOf(vm, pageOf(gpa))
  if (page === null) return 0
  const frame = world.memory.resident(page.object, page.index)
  return frame >= 0 ? world.memory.value(frame) : world.memory.swapValue(page.object, page.index)
}

const ENTRIES = [0, 1, 2, 3] as const
/** PDPTEs lie at a multiple of 32. */
const PDPTES_BYTES = 32
const PDPTE_BYTES = 8

function wantedPdptes(world: World, { vm, gpa }: PdptesLoaded, cr3: Word64): readonly Word64[] {
  const within = Number(BigInt(cr3) % BigInt(PAGE_SIZE))
  const start = within - (within % PDPTES_BYTES)
  const table = tableOf(world, contentsAt(world, vm, gpa))
  return ENTRIES.map((index) => word64(bytesOf(table, start + index * PDPTE_BYTES, PDPTE_BYTES)))
}

const pdptesLieWhereCr3Says = rule({
  id: 'I81',
  name: 'pdptes-lie-where-cr-three-says',
  source:
    'vmx_load_pdptes(): pdptes[0] to pdptes[3] from the start of the page, zeros without a leaf; SDM, "PDPTE Registers"',
  on: ['pdptes.loaded'],
  counterexample({ event, world }) {
    const { vm, vcpu, frame } = event
    const { registers } = guestOf(world.vms[vm]?.vcpus.find((one) => one.id === vcpu))
    // In long mode nothing walks from them.
    if (pagingOf(registers) !== 'pae') return null
    const { cr3, pdptes } = registers
    const wanted = wantedPdptes(world, event, cr3)
    const at = ENTRIES.findIndex((index) => pdptes[index] !== wanted[index])
    if (at < 0) return null
    const from = frame < 0 ? 'zeros, since its page has no leaf' : 'what lies at the start of its page'
    return {
      subject: subjectOf(vm, vcpu),
      sentence: `CR3 is ${hex(cr3)}, and PDPTE ${at} is ${hex(pdptes[at] ?? 0)}, not ${hex(wanted[at] ?? 0)}: ${from}`,
    }
  },
})

/** Reads guest memory as it is now; null where the nested tables lead nowhere. */
function readNow(world: World, ref: number, gpa: bigint, bytes: number): bigint | null {
  const pmap = world.vms[ref]?.pmap ?? null
  if (pmap === null || gpa >= 2n ** 48n) return null
  const packed = world.memory.leaf(pmap, pageOf(Number(gpa)))
  if (packed < 0 || !hasFlag(leafFlags(packed), LEAF_READ)) return null
  const table = tableOf(world, world.memory.value(leafFrame(packed)))
  return bytesOf(table, Number(gpa) % PAGE_SIZE, bytes)
}

const ERRNO_OF = { absent: 'EFAULT', rights: 'EPERM' } as const

const guestWalkFindsWhatACpuFinds = rule({
  id: 'I82',
  name: 'guest-walk-finds-what-a-cpu-finds',
  source: 'vmm_translate_gva(); SDM vol. 3A, "Paging"',
  on: ['gva.translated'],
  counterexample({ event, world }) {
    const { vm, vcpu, gva, gpa, errno, path } = event
    const { registers } = guestOf(world.vms[vm]?.vcpus.find((one) => one.id === vcpu))
    const walked = new Map(path.map((one) => [BigInt(one.gpa), BigInt(one.entry)]))
    const read = (at: bigint, bytes: 4 | 8): bigint | null => walked.get(at) ?? readNow(world, vm, at, bytes)
    const cpu = walkAsCpu(registers, world.boot.mode === 'ept', event, read)
    if (cpu.kind === 'unknown') return null
    const found = gpa === null ? errno : hex(gpa)
    const isSame =
      cpu.kind === 'gpa'
        ? gpa !== null && BigInt(gpa) === cpu.gpa
        : // The kernel has no errno of its own for the other faults.
          errno !== null && (cpu.why === 'reserved' || cpu.why === 'canonical' || errno === ERRNO_OF[cpu.why])
    if (isSame) return null
    const wanted = cpu.kind === 'gpa' ? hex(word64(cpu.gpa)) : `a fault (${cpu.why})`
    return { subject: subjectOf(vm, vcpu), sentence: `gva ${hex(gva)} is ${found}, and a CPU finds ${wanted}` }
  },
})

/** PG_U and PG_M of an entry. */
const [ACCESSED, DIRTY] = [5, 6]

const guestWalkMarksEntriesAlone = rule({
  id: 'I82',
  name: 'guest-walk-marks-entries-alone',
  source: 'vmm_translate_gva(): *hva = pte, where hva points to 64 bits whatever the size of an entry',
  on: ['word.written'],
  counterexample({ event, world, thread }): Finding | null {
    const { by, offset, bytes, was, word } = event
    if (!isKernel(by) || by.for !== 'walk' || was === word) return null
    const locals = thread === null ? undefined : world.threads[thread]?.locals
    const walk = locals?.walk
    if (walk === undefined) return null
    const subject = subjectOf(by.vm, by.vcpu)
    const vcpu = world.vms[by.vm]?.vcpus.find((one) => one.id === by.vcpu)
    if (walk.level === 3 && pagingOf(guestOf(vcpu).registers) === 'pae')
      return {
        subject,
        sentence: `PDPTE at gpa ${hex(by.gpa)} + ${hex(offset)}, where bit 5 is reserved, is ${hex(word)}`,
      }
    const marked = withBit(withBit(BigInt(was), ACCESSED), DIRTY)
    // Of the bytes that were stored, the entry's own come first.
    const entry = (value: Word64 | bigint): bigint => BigInt.asUintN(8 * walk.bytes, BigInt(value))
    const isEntry = offset === (locals?.byte ?? 0)
    const isMark = isEntry && (entry(word) === entry(was) || withDirty(entry(word)) === entry(marked))
    const rest = (value: Word64): bigint => (isEntry ? BigInt(value) - entry(value) : BigInt(value))
    if (isMark && (bytes <= walk.bytes || rest(word) === rest(was))) return null
    return {
      subject,
      sentence: `the bytes at gpa ${hex(by.gpa)} + ${hex(offset)} were ${hex(was)} and are ${hex(word)}; the entry has ${walk.bytes}`,
    }
  },
})

/** The entry with both marks: a walk may set one or both. */
function withDirty(entry: bigint): bigint {
  return withBit(withBit(entry, ACCESSED), DIRTY)
}

const clockLiesInMemory = rule({
  id: 'I83',
  name: 'clock-lies-in-memory',
  source: 'vmm_gpa_is_valid(): any type of range, gpa < end - size; vmm_init_pvclock(), vmm_pv_wall_clock()',
  on: ['place.judged'],
  counterexample({ event: { vm: ref, vcpu, gpa, bytes, accepted, mapped }, world }) {
    const start = BigInt(gpa)
    const slot = world.vms[ref]?.slots.find(
      (one) => start >= BigInt(one.gpa) && start + BigInt(bytes) <= BigInt(one.gpa + one.size),
    )
    const isMemory = slot !== undefined && isBacked(slot)
    if (isMemory === accepted) return null
    const where = isMemory ? 'lies in memory' : slot === undefined ? 'lies in no range' : 'lies in MMIO'
    const why = mapped ? '' : ', since its page has no leaf yet'
    const verdict = accepted ? 'accepted' : `refused${why}`
    return {
      subject: subjectOf(ref, vcpu),
      sentence: `an object of ${bytes} bytes at gpa ${hex(gpa)} ${where}, and is ${verdict}`,
    }
  },
})

export const guestRules: readonly AnyRule[] = [
  kernelAccessFindsItsPage,
  vcpuStateChangesUnderItsLock,
  pdptesLieWhereCr3Says,
  guestWalkFindsWhatACpuFinds,
  guestWalkMarksEntriesAlone,
  clockLiesInMemory,
]
