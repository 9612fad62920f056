/**
 * Decoders of what a recording defines for itself: probes on kernel functions, and system calls.
 */
import { at, type Decode } from './decoder.ts'
import { PROBED_FUNCTIONS, type ProbedFunction, type TraceEvent } from './event.ts'
import { hex64, signed64 } from './number.ts'

/** `(FUNCTION+0x0/0x4e0 [kvm]) key=value ...`: the keys and values of a function probe. */
const PROBE_HEAD = /^\((?:[\w.]+\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[\w+\])?)(?: <- \w+)?\)((?: [a-z_]+=\S+)*)\s*$/
function probeFields(payload: string): ReadonlyMap<string, string> | null {
  const head = PROBE_HEAD.exec(payload)
  if (head === null) return null
  const fields = new Map<string, string>()
  for (const field of (head[1] ?? '').split(' ')) {
    const equals = field.indexOf('=')
    if (equals > 0) fields.set(field.slice(0, equals), field.slice(equals + 1))
  }
  return fields
}

function functionProbe(event: ProbedFunction): Decode {
  return (payload) => {
    const fields = probeFields(payload)
    if (fields === null) return null
    return { event, kvm: fields.get('kvm') ?? null, vcpu: fields.get('vcpu') ?? null }
  }
}

const HEX = /^0x[0-9a-f]{1,16}$/
const hexField = (fields: ReadonlyMap<string, string>, key: string): bigint | null => {
  const text = fields.get(key)
  return text !== undefined && HEX.test(text) ? BigInt(text) : null
}

const CALL_ARGUMENT = /([a-z_]+): ([0-9a-f]{1,16})(?:, |\)$)/g
const CALL_RESULT = /^-> 0x([0-9a-f]{1,16})$/
/** A line of `sys_enter` or `sys_exit`: `(fd: 5, cmd: ae80, arg: 0)` or `-> 0x0`. */
export function decodeCall(call: string, payload: string): TraceEvent | null {
  const result = CALL_RESULT.exec(payload)
  if (result !== null) return { event: 'syscall.returned', call, result: signed64(hex64(at(result, 1))) }
  // A line that was cut has lost its bracket, and perhaps a digit.
  if (!payload.startsWith('(') || !payload.endsWith(')')) return null
  const args: Record<string, bigint> = {}
  for (const found of payload.matchAll(CALL_ARGUMENT)) args[at(found, 1)] = hex64(at(found, 2))
  return { event: 'syscall.entered', call, args }
}

/** Decoders of probes, by the name that the recording gives them. */
export const PROBES: readonly (readonly [string, Decode])[] = [
  ...PROBED_FUNCTIONS.map((name): [string, Decode] => [name, functionProbe(name)]),
  [
    'set_memory_region',
    (payload) => {
      const fields = probeFields(payload)
      if (fields === null) return null
      const kvm = fields.get('kvm')
      const id = hexField(fields, 'slot')
      const gpa = hexField(fields, 'gpa')
      const size = hexField(fields, 'size')
      if (kvm === undefined || id === null || gpa === null || size === null) return null
      return {
        event: 'set_memory_region',
        kvm,
        // The number holds the address space in its upper half.
        as: Number(id / 0x10000n),
        slot: Number(id % 0x10000n),
        flags: Number(hexField(fields, 'flags') ?? 0n),
        gpa,
        size,
        hva: hexField(fields, 'hva'),
      }
    },
  ],
  [
    'set_memory_region_ret',
    (payload) => {
      const result = probeFields(payload)?.get('ret')
      return result !== undefined && /^-?\d{1,10}$/.test(result)
        ? { event: 'set_memory_region_ret', result: Number(result) }
        : null
    },
  ],
  [
    'swap_active_memslots',
    (payload) => {
      const fields = probeFields(payload)
      const kvm = fields?.get('kvm')
      const as = fields?.get('as_id')
      if (kvm === undefined || as === undefined || !/^\d{1,3}$/.test(as)) return null
      return { event: 'swap_active_memslots', kvm, as: Number(as) }
    },
  ],
  [
    'dev_ioctl',
    (payload) => {
      const fields = probeFields(payload)
      const command = fields === null ? null : hexField(fields, 'cmd')
      if (fields === null || command === null) return null
      return {
        event: 'dev_ioctl',
        command: Number(command),
        argument: hexField(fields, 'arg') ?? 0n,
      }
    },
  ],
]
