/**
 * What a line of a scenario may hold: each command in the model's own vocabulary, and the decisions about threads.
 */
import * as v from 'valibot'
import type { Word64 } from '../../events/address.ts'
import { DEFAULT_BOOT, DEFAULT_SEV, type SevCpu } from '../../events/boot.ts'
import { type CallCommand, type Command, FAILPOINTS, type HostWrite } from '../../events/command.ts'
import type { WalkAccess } from '../../events/guest.ts'
import type { Protection } from '../../events/space.ts'
import { VM_INFO_ENTRY_SIZE } from '../kernel/vmm_info.ts'
import { flag, may, must, oneOf, type Schema } from '../schema.ts'
import { createMemoryMap } from '../vmd/memory-map.ts'
import * as w from './words.ts'

/** Entries that the buffer of INFO holds where a line does not say. */
const INFO_ENTRIES = 600

/** VM_RWREGS_CRS and VM_RWREGS_MSRS. */
const CRS_AND_MSRS = 4 + 8
/** VM_RWVMPARAMS_PVCLOCK_SYSTEM_GPA and VM_RWVMPARAMS_PVCLOCK_VERSION. */
const BOTH_PARAMS = 1 + 2
const FOUR_WORDS = 'a list of four words'

type Fields = Record<string, v.GenericSchema>

function line<const Type extends string, const Entries extends Fields>(type: Type, entries: Entries) {
  return v.strictObject({ type: v.literal(type), ...entries })
}

const range = v.strictObject(
  {
    gpa: must(w.address),
    size: must(w.size),
    memtype: may(w.small, 0),
    va: may(w.address, 0),
  },
  'a memory range: gpa, size, memtype, va',
)
const ranges = v.array(range, 'a list of memory ranges')
const vcpu = may(w.vcpuId, 0)

/** Registers that a line gives; the others are 0. */
const registers = v.strictObject(
  {
    cr0: v.exactOptional(w.word64 as Schema<Word64>),
    cr3: v.exactOptional(w.word64 as Schema<Word64>),
    cr4: v.exactOptional(w.word64 as Schema<Word64>),
    efer: v.exactOptional(w.word64 as Schema<Word64>),
    pdptes: v.exactOptional(
      v.pipe(v.array(w.word64, FOUR_WORDS), v.length(4, FOUR_WORDS)) as Schema<readonly Word64[]>,
    ),
  },
  'registers: cr0, cr3, cr4, efer, pdptes',
)

/** A field that is left out of the command when it is left out of the line. */
const count = v.exactOptional(w.number64 as Schema<Word64>)

/** vmd's layout in place of a list of ranges. */
const memory = must(w.memory)

/** vcp_sev and vcp_seves. */
const sev = { sev: v.exactOptional(flag as Schema<boolean>), seves: v.exactOptional(flag as Schema<boolean>) }

const create = line('ioc.create', {
  pid: must(w.pid),
  ranges: must(ranges),
  count,
  ncpus: may(w.number64, 1),
  name: may(w.name, 'vm'),
  ...sev,
})
const createByVmd = v.pipe(
  line('vm.create', { pid: must(w.pid), memory, ncpus: may(w.number64, 1), name: may(w.name, 'vm'), ...sev }),
  v.transform(({ memory, ...rest }) => ({ ...rest, type: 'ioc.create' as const, ranges: createMemoryMap(memory) })),
)
const share = line('ioc.sharemem', {
  pid: must(w.pid),
  vm: must(w.vmId),
  ranges: must(ranges),
  count,
  va: may(v.array(w.address, 'a list of addresses'), []),
})
const shareByVmd = v.pipe(
  line('vm.share', { pid: must(w.pid), vm: must(w.vmId), memory }),
  v.transform(({ memory, ...rest }) => ({
    ...rest,
    type: 'ioc.sharemem' as const,
    ranges: createMemoryMap(memory),
    va: [],
  })),
)
const fault = line('guest.fault', {
  pid: must(w.pid),
  vm: must(w.vmId),
  vcpu,
  gpa: must(w.address),
  handler: may(v.nullable(oneOf('a handler', ['ept', 'rvi']) as Schema<'ept' | 'rvi'>), null),
  direct: may(flag, false),
  qualification: may(w.small, 1),
  instructionLength: may(w.small, 3),
  decodeAssist: may(flag, true),
})
const translate = line('guest.translate', {
  pid: must(w.pid),
  vm: must(w.vmId),
  vcpu,
  gva: must(w.address),
  access: may(oneOf('an access', ['r', 'w', 'x']) as Schema<WalkAccess>, 'r'),
  cpl: may(oneOf('a privilege level', [0, 1, 2, 3]) as Schema<number>, 0),
})
const pid = { pid: must(w.pid) }
const ONE_OF_BOTH = 'either a value for the page or a word of it'
const write = v.pipe(
  line('host.write', {
    ...pid,
    va: must(w.address),
    value: v.exactOptional(w.content as Schema<number>),
    word: v.exactOptional(w.word64 as Schema<Word64>),
  }),
  v.rawTransform(({ dataset, addIssue, NEVER }): HostWrite => {
    const { value, word, ...rest } = dataset.value
    if (value !== undefined && word === undefined) return { ...rest, value }
    if (value === undefined && word !== undefined) return { ...rest, word }
    addIssue({
      message: ONE_OF_BOTH,
      path: [{ type: 'object', origin: 'value', input: dataset.value, key: 'value', value }],
    })
    return NEVER
  }),
)
/** Part of a process's address space. */
const stretch = { ...pid, va: must(w.address), size: must(w.size) }
const vmCall = { ...pid, vm: must(w.vmId) }
/** A guest of the PSP. */
const handle = must(w.handle)

const CALLS = [
  create,
  share,
  line('ioc.run', { ...vmCall, vcpu, interrupt: v.exactOptional(flag as Schema<boolean>) }),
  line('ioc.term', vmCall),
  line('ioc.info', { ...pid, size: may(w.small, INFO_ENTRIES * VM_INFO_ENTRY_SIZE) }),
  line('ioc.resetcpu', { ...vmCall, vcpu, registers: v.exactOptional(registers) }),
  line('ioc.readregs', { ...vmCall, vcpu, mask: may(w.small, CRS_AND_MSRS) }),
  line('ioc.writeregs', { ...vmCall, vcpu, mask: may(w.small, CRS_AND_MSRS), registers: must(registers) }),
  line('ioc.readvmparams', { ...vmCall, vcpu, mask: may(w.small, BOTH_PARAMS) }),
  line('ioc.writevmparams', {
    ...vmCall,
    vcpu,
    mask: may(w.small, BOTH_PARAMS),
    gpa: may(w.address, 0),
    version: may(w.small, 0),
  }),
  line('ioc.intr', { ...vmCall, vcpu, pending: may(flag, true) }),
  line('ioc.mprotectept', {
    ...vmCall,
    vcpu,
    gpa: must(w.address),
    size: must(w.size),
    prot: must(w.small),
  }),
  line('ioc.unknown', { ...pid, request: must(w.number64) }),
  fault,
  translate,
  line('host.spawn', { ...pid, pledge: may(v.array(w.pledge, 'a list of promises: vmm, proc, stdio'), []) }),
  line('host.pledge', { ...pid, pledge: must(v.array(w.pledge, 'a list of promises: vmm, proc, stdio')) }),
  line('host.exit', pid),
  line('host.signal', pid),
  line('host.touch', { ...pid, va: must(w.address), access: may(w.access, 'rw') }),
  line('host.read', { ...pid, va: must(w.address), word: v.exactOptional(flag as Schema<boolean>) }),
  write,
  line('host.mmap', {
    ...pid,
    va: may(v.nullable(w.address as Schema<Word64>), null),
    size: may(w.size, 4096),
    shared: v.exactOptional(flag as Schema<boolean>),
    conceal: v.exactOptional(flag as Schema<boolean>),
    fixed: v.exactOptional(flag as Schema<boolean>),
    prot: v.exactOptional(w.protection as Schema<Protection>),
  }),
  line('host.munmap', stretch),
  line('host.mprotect', { ...stretch, prot: must(w.protection) }),
  line('host.minherit', { ...stretch, inherit: must(w.inherit) }),
  line('host.madvise', { ...stretch, advice: must(w.advice) }),
  line('host.msync', { ...stretch, invalidate: may(flag, false) }),
  line('host.mlock', stretch),
  line('host.munlock', stretch),
  line('host.fork', { ...pid, child: must(w.pid) }),
  line('host.exec', pid),
  line('host.coredump', pid),
  line('host.pageout', { object: must(w.name), page: must(w.small) }),
  line('host.deactivate', { object: must(w.name), page: must(w.small) }),
  line('host.reclaim', { object: must(w.name), page: must(w.small) }),
  line('host.migrate', { thread: must(w.thread), cpu: must(w.cpu) }),
  line('host.suspend', {}),
  line('host.wakeup', {}),
  line('host.muststop', vmCall),
  line('host.poke', { vm: must(w.vmId), vcpu, state: must(w.small) }),
  line('host.hold', { ...vmCall, as: may(w.reference, 'h') }),
  line('host.release', { as: may(w.reference, 'h') }),
  line('fail.next', { fn: must(oneOf('a failpoint', FAILPOINTS)), k: may(w.times, 1), errno: must(w.errno) }),
  createByVmd,
  shareByVmd,
  line('psp.init', pid),
  line('psp.shutdown', pid),
  line('psp.pstatus', pid),
  line('psp.gstatus', { ...pid, handle }),
  line('psp.dfflush', pid),
  line('psp.launchstart', { ...pid, es: may(flag, false) }),
  line('psp.launchupdate', { ...pid, handle, va: must(w.address), size: must(w.size) }),
  line('psp.encryptstate', { ...pid, handle, vm: must(w.vmId), vcpu }),
  line('psp.launchmeasure', { ...pid, handle }),
  line('psp.launchfinish', { ...pid, handle }),
  line('psp.activate', { ...pid, handle, asid: must(w.small) }),
  line('psp.deactivate', { ...pid, handle }),
  line('psp.decommission', { ...pid, handle }),
  line('psp.guestshutdown', { ...pid, handle }),
] as const
const GUEST = [
  line('guest.touch', {
    vm: must(w.vmId),
    vcpu,
    gpa: must(w.address),
    access: may(w.access, 'rw'),
    tlb: v.exactOptional(flag as Schema<boolean>),
    value: v.exactOptional(v.nullable(w.content) as Schema<number | null>),
    word: v.exactOptional(v.nullable(w.word64) as Schema<Word64 | null>),
  }),
  line('guest.leave', { vm: must(w.vmId), vcpu }),
  line('guest.writecr', {
    vm: must(w.vmId),
    vcpu,
    cr: must(oneOf('a control register', [0, 3, 4])),
    word: must(w.word64),
  }),
  line('guest.vmgexit', { vm: must(w.vmId), vcpu, gpa: must(w.word64) }),
  line('guest.wrmsr', { vm: must(w.vmId), vcpu, msr: must(w.msr), word: must(w.word64) }),
] as const

/** A command that a thread can be started with. */
const call: Schema<CallCommand> = v.variant('type', CALLS)

const DECISIONS = [
  line('start', { thread: must(w.newThread), command: must(call) }),
  line('step', { thread: must(w.thread), times: may(w.times, 1) }),
  line('finish', { thread: must(w.thread) }),
  line('pause', {
    thread: must(w.thread),
    at: must(w.name),
    k: may(w.times, 1),
    command: may(v.nullable(call), null),
  }),
  line('note', { text: must(w.name) }),
] as const

const boot = line('boot', {
  design: v.exactOptional(w.name as Schema<string>),
  mode: may(oneOf('a mode of nested paging', ['ept', 'rvi', 'unknown']), DEFAULT_BOOT.mode),
  vcpuMax: may(w.small, DEFAULT_BOOT.vcpuMax),
  meltdown: may(flag, DEFAULT_BOOT.meltdown),
  frames: may(w.times, DEFAULT_BOOT.frames),
  faultAhead: v.exactOptional(w.small as Schema<number>),
  swapSlots: v.exactOptional(w.small as Schema<number>),
  cpus: v.exactOptional(w.cpus as Schema<number>),
  asids: v.exactOptional(w.small as Schema<number>),
  eptWalk4: v.exactOptional(flag as Schema<boolean>),
  eptWriteBack: v.exactOptional(flag as Schema<boolean>),
  sev: v.exactOptional(
    v.strictObject(
      {
        cbit: may(w.small, DEFAULT_SEV.cbit),
        asids: may(w.small, DEFAULT_SEV.asids),
        noes: may(w.small, DEFAULT_SEV.noes),
      },
      'what the CPU has of SEV: cbit, asids, noes',
    ) as Schema<SevCpu>,
  ),
})

/** What a line says once it was read; `vm.create` and `vm.share` have become the ioctls that vmd would issue. */
export type Decision = v.InferOutput<(typeof DECISIONS)[number]>
export type BootLine = v.InferOutput<typeof boot>
export type ScenarioLine = Command | Decision | BootLine

/** Any line. */
export const lineSchema: Schema<ScenarioLine> = v.variant('type', [...CALLS, ...GUEST, ...DECISIONS, boot])

/** The types that a line, or the command of a thread, may have. */
export const LINE_TYPES: readonly string[] = [...CALLS, ...GUEST, ...DECISIONS, boot].map(typeOf)

/** Names of the fields of each type, for whoever misspelt one. */
export const FIELDS: ReadonlyMap<string, readonly string[]> = new Map(
  [...CALLS, ...GUEST, ...DECISIONS, boot].map((schema) => [typeOf(schema), Object.keys(schema.entries)]),
)

function typeOf(schema: { readonly entries: { readonly type: { readonly literal: string } } }): string {
  return schema.entries.type.literal
}
