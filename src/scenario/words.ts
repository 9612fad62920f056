/**
 * The words of a scenario: the smallest values, each with what is said when something else was found.
 */
import { parseWord64, type Word64 } from '../../events/address.ts'
import type { MadviseAdvice, Pledge } from '../../events/command.ts'
import { ERRNOS } from '../../events/errno.ts'
import { isInherited } from '../../events/ids.ts'
import type { Inherit, Protection } from '../../events/space.ts'
import { MSR_EFER, MSR_SYSTEM_TIME, MSR_WALL_CLOCK } from '../kernel/vmm_instruction.ts'
import { oneOf, text, whole, word } from '../schema.ts'

/** Any 64-bit value. A JSON number above 2^53 has lost its last digits already, so it is refused. */
function bits64(wanted: string) {
  return word<Word64>(wanted, (input) => {
    if (typeof input === 'string') return parseWord64(input) ?? undefined
    return Number.isSafeInteger(input) && (input as number) >= 0 ? (input as number) : undefined
  })
}

const MSRS: Readonly<Record<string, number>> = {
  efer: MSR_EFER,
  'wall-clock': MSR_WALL_CLOCK,
  'system-time': MSR_SYSTEM_TIME,
}
const INT_MAX = 2 ** 31 - 1
const UINT_MAX = 2 ** 32 - 1

export const pid = whole('a process id (a whole number)', 0, INT_MAX)
export const vmId = whole('the id of a VM (a whole number)', 0, UINT_MAX)
export const vcpuId = whole('the index of a vCPU (a whole number)', 0, UINT_MAX)
export const handle = whole('the handle of a guest of the PSP (a whole number)', 0, UINT_MAX)
export const small = whole('a whole number', 0, UINT_MAX)
export const times = whole('a whole number from 1', 1, UINT_MAX)
export const cpu = whole('a CPU (0 to 63)', 0, 63)
/** As many as a mask of CPUs has bits. @source amd64 MAXCPUS */
export const cpus = whole('a number of CPUs (1 to 64)', 1, 64)
/** What a page holds. */
export const content = whole('what a page holds (a whole number below 2^45)', 0, 2 ** 45 - 1)
export const address = bits64('an address (number or 0x hex)')
export const size = bits64('a size in bytes (number or 0x hex)')
export const number64 = bits64('a number of up to 64 bits (number or 0x hex)')
/** A word of memory, or what a register holds. */
export const word64 = bits64('a word of up to 64 bits (number or 0x hex)')
/** A model-specific register: its number, or the name of one that is modelled. */
export const msr = word<number>('a model-specific register (a number, or efer, wall-clock, system-time)', (input) => {
  if (typeof input === 'string' && Object.hasOwn(MSRS, input)) return MSRS[input]
  const number = typeof input === 'string' ? parseWord64(input) : input
  return Number.isSafeInteger(number) && (number as number) >= 0 && (number as number) <= UINT_MAX
    ? (number as number)
    : undefined
})
export const name = text('a text')
export const errno = oneOf('an errno', ERRNOS)
export const access = oneOf('an access', ['r', 'w', 'x', 'rw'])
export const protection = oneOf<Protection>('a protection', ['none', 'r', 'w', 'x', 'rw', 'rx', 'wx', 'rwx'])
export const inherit = oneOf<Inherit>('an inheritance', ['none', 'copy', 'share', 'zero'])
export const advice = oneOf<MadviseAdvice>('an advice', [
  'normal',
  'random',
  'sequential',
  'willneed',
  'dontneed',
  'spaceavail',
  'free',
])
export const pledge = oneOf<Pledge>('a promise', ['vmm', 'proc', 'stdio'])
/** The name of a reference that outlives its call. */
export const reference = word('a name for a reference (no property of every JavaScript object)', (input) =>
  typeof input === 'string' && !isInherited(input) ? input : undefined,
)
/** The name of a thread. `t` and a number are the names that commands without one get. */
export const thread = text('the name of a thread', /\S/)
export const newThread = word(
  'a name for a thread (not t and a number, which are taken, and no property of every JavaScript object)',
  (input) => (typeof input === 'string' && /^(?!t\d+$).*\S/.test(input) && !isInherited(input) ? input : undefined),
)

const SIZE_UNITS: Readonly<Record<string, bigint>> = { K: 2n ** 10n, M: 2n ** 20n, G: 2n ** 30n, T: 2n ** 40n }

/** Memory as on vmd's command line: bytes, or a number with its unit. */
export const memory = word<Word64>('a size of memory (4G, 512M, bytes or 0x hex)', (input) => {
  const scaled = typeof input === 'string' ? /^(\d{1,12})([KMGT])$/.exec(input) : null
  if (scaled !== null) {
    const bytes = BigInt(scaled[1] ?? '') * (SIZE_UNITS[scaled[2] ?? ''] ?? 1n)
    return parseWord64(bytes.toString()) ?? undefined
  }
  if (typeof input === 'string') return parseWord64(input) ?? undefined
  return Number.isSafeInteger(input) && (input as number) >= 0 ? (input as number) : undefined
})
