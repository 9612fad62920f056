/**
 * From the words of a vector to commands of the model, and from replies back to the words of a vector.
 */
import { hex, parseWord64, type Word64, word64 } from '../../events/address.ts'
import type { Boot, NestedMode } from '../../events/boot.ts'
import { DEFAULT_BOOT } from '../../events/boot.ts'
import type { AccessMode, CallCommand, Failpoint, Pledge, RangeRequest } from '../../events/command.ts'
import type { Errno } from '../../events/errno.ts'
import type { Pid, VmId } from '../../events/ids.ts'
import type { FaultReport, Reply, VmInfo } from '../../events/reply.ts'
import { UserError } from '../errors.ts'
import { VM_INFO_ENTRY_SIZE } from '../kernel/vmm_info.ts'
import type { VectorCommand } from './vector.ts'

/** Entries that INFO's buffer holds when the vector does not say. */
const DEFAULT_SLOTS = 600

function word(value: unknown, fallback: Word64): Word64 {
  if (value === undefined) return fallback
  const parsed = typeof value === 'string' ? parseWord64(value) : word64(BigInt(Math.trunc(value as number)))
  if (parsed === null) throw new UserError(`wanted a number of up to 64 bits, found ${JSON.stringify(value)}`)
  return parsed
}

function rangeOf(value: unknown): RangeRequest {
  const [gpa, size, memtype, va] = value as readonly [unknown, unknown, number, unknown?]
  return { gpa: word(gpa, 0), size: word(size, 0), memtype, va: word(va, 0) }
}

/** How the first command boots the host. */
export function bootOf(command: VectorCommand): Boot {
  return {
    ...DEFAULT_BOOT,
    mode: command.mode as NestedMode,
    vcpuMax: (command.vcpu_max as number | undefined) ?? DEFAULT_BOOT.vcpuMax,
    meltdown: command.meltdown === 1,
  }
}

type Fields = VectorCommand & { readonly pid: Pid; readonly vm: VmId; readonly vcpu?: number; readonly as?: string }

const rangesOf = (command: Fields): readonly RangeRequest[] =>
  ((command.ranges as unknown[] | undefined) ?? []).map(rangeOf)
const countOf = (command: Fields) => (command.n === undefined ? {} : { count: word(command.n, 0) })

const COMMANDS: Readonly<Record<string, (command: Fields) => CallCommand>> = {
  proc: (c) => ({ type: 'host.spawn', pid: c.pid, pledge: (c.pledge as Pledge[] | undefined) ?? [] }),
  exit: (c) => ({ type: 'host.exit', pid: c.pid }),
  create: (c) => ({
    type: 'ioc.create',
    pid: c.pid,
    ranges: rangesOf(c),
    ...countOf(c),
    ncpus: word(c.ncpus, 1),
    name: (c.name as string | undefined) ?? 'vm',
  }),
  share: (c) => ({
    type: 'ioc.sharemem',
    pid: c.pid,
    vm: c.vm,
    ranges: rangesOf(c),
    ...countOf(c),
    va: ((c.va as unknown[] | undefined) ?? []).map((va) => word(va, 0)),
  }),
  fault: (c) => ({
    type: 'guest.fault',
    pid: c.pid,
    vm: c.vm,
    vcpu: c.vcpu ?? 0,
    gpa: word(c.gpa, 0),
    handler: (c.kind as 'ept' | 'rvi' | undefined) ?? null,
    direct: c.direct === 1,
    qualification: (c.qual as number | undefined) ?? 1,
    instructionLength: (c.ilen as number | undefined) ?? 3,
    decodeAssist: c.assist !== 0,
  }),
  touch: (c) => ({
    type: 'host.touch',
    pid: c.pid,
    va: word(c.va, 0),
    access: (c.acc as AccessMode | undefined) ?? 'rw',
  }),
  mmap: (c) => ({
    type: 'host.mmap',
    pid: c.pid,
    va: c.va === undefined ? null : word(c.va, 0),
    size: word(c.size, 4096),
  }),
  munmap: (c) => ({ type: 'host.munmap', pid: c.pid, va: word(c.va, 0), size: word(c.size, 0) }),
  terminate: (c) => ({ type: 'ioc.term', pid: c.pid, vm: c.vm }),
  info: (c) => ({
    type: 'ioc.info',
    pid: c.pid,
    size:
      ((c.slots as number | undefined) ?? DEFAULT_SLOTS) * VM_INFO_ENTRY_SIZE +
      ((c.extra as number | undefined) ?? 0) -
      ((c.short as number | undefined) ?? 0),
  }),
  resetcpu: (c) => ({ type: 'ioc.resetcpu', pid: c.pid, vm: c.vm, vcpu: c.vcpu ?? 0 }),
  vcpustate: (c) => ({ type: 'host.poke', vm: c.vm, vcpu: c.vcpu ?? 0, state: c.state as number }),
  signal: (c) => ({ type: 'host.signal', pid: c.pid }),
  muststop: (c) => ({ type: 'host.muststop', pid: c.pid, vm: c.vm }),
  hold: (c) => ({ type: 'host.hold', pid: c.pid, vm: c.vm, as: c.as ?? 'h' }),
  release: (c) => ({ type: 'host.release', as: c.as ?? 'h' }),
  pageout: (c) => ({ type: 'host.pageout', object: c.obj as string, page: c.page as number }),
  inject: (c) => ({
    type: 'fail.next',
    fn: c.fn as Failpoint,
    k: (c.k as number | undefined) ?? 1,
    errno: c.err as Errno,
  }),
  suspend: () => ({ type: 'host.suspend' }),
  wakeup: () => ({ type: 'host.wakeup' }),
  ioctl: (c) => ({ type: 'ioc.unknown', pid: c.pid, request: word(c.req, 0) }),
}

/** The model's command for one of a vector. */
export function translate(command: VectorCommand): CallCommand {
  const make = COMMANDS[command.op]
  if (make === undefined) {
    throw new UserError(`wanted an op out of ${Object.keys(COMMANDS).join(', ')}, resume; found '${command.op}'`)
  }
  return make(command as Fields)
}

function infoWords(info: VmInfo): unknown {
  return {
    id: info.id,
    pid: info.pid,
    name: info.name,
    mem: hex(info.memorySize),
    used: hex(info.usedSize),
    ncpus: info.ncpus,
    st: info.states.map((one) => one.state),
  }
}

function faultWords(report: FaultReport | null): object {
  if (report === null) return {}
  if (report.exit !== 'mmio') return { exit: report.exit }
  return { exit: 'mmio', ilen: report.instructionLength, info: report.instructionInfo }
}

/** A reply in the words of a vector's result. */
export function resultOf(command: CallCommand, reply: Reply): Record<string, unknown> {
  const errno = reply.ok ? '0' : reply.errno
  switch (command.type) {
    case 'ioc.create':
      return 'id' in reply ? { errno, id: reply.id, va: reply.va.map(hex) } : { errno }
    case 'ioc.sharemem':
      return 'va' in reply && Array.isArray(reply.va) ? { errno, va: reply.va.map(hex) } : { errno }
    case 'guest.fault':
      if ('exit' in reply) return { errno, ...faultWords(reply) }
      return { errno, ...('report' in reply ? faultWords(reply.report) : {}) }
    case 'host.touch':
      return 'faulted' in reply && errno !== 'ESRCH' ? { errno, fault: reply.faulted } : { errno }
    case 'host.mmap':
      return 'va' in reply && !Array.isArray(reply.va) ? { errno, va: hex(reply.va as Word64) } : { errno }
    case 'ioc.info': {
      const count = 'count' in reply && reply.count !== null ? { count: reply.count } : {}
      if (!('vms' in reply)) return { errno, ...count }
      const need = reply.need === null ? {} : { need: reply.need / VM_INFO_ENTRY_SIZE }
      return { errno, ...count, ...need, vms: reply.vms.map(infoWords) }
    }
    case 'host.muststop':
      return 'stop' in reply ? { stop: reply.stop ? 1 : 0 } : { errno }
    default:
      return { errno }
  }
}
