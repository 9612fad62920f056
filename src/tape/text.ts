/**
 * JSON in which addresses are hex and every 64-bit value comes back as it was. What a field is follows from its name,
 * so a text that looks like an address stays a text.
 */
import { hex, parseWord64, type Word64 } from '../../events/address.ts'

/** Fields that hold addresses and sizes, alone or in lists: always hex. */
const HEX_FIELDS: ReadonlySet<string> = new Set([
  'gpa',
  'hpa',
  'hva',
  'va',
  'start',
  'end',
  'first',
  'last',
  'size',
  'hint',
  'request',
  // Words of memory and registers.
  'word',
  'was',
  'cr0',
  'cr3',
  'cr4',
  'efer',
  'pdptes',
  'gva',
  'msr',
  'entry',
  'clockGpa',
  'memorySize',
  'usedSize',
  // Where an entry was split; in a refusal `at` names a routine, which is a text and stays one.
  'at',
])

/** Fields that hold any number that a caller gave: hex only where a JSON number would not be exact. */
const WORD_FIELDS: ReadonlySet<string> = new Set(['count', 'ncpus'])

/** Fields that are read first; all others follow in alphabetical order. */
const FIRST_FIELDS: readonly string[] = ['seq', 'type', 'thread', 'place']

/**
 * One line of JSON, without a line end. Equal values have equal texts, whatever the order of their fields.
 *
 * @throws TypeError for a 64-bit value in a field that is not known to hold one: it would not come back.
 */
export function toText(value: unknown): string {
  return JSON.stringify(plain(value, ''))
}

/** A value of JSON as `toText` would write it, for what is to be written with something else around it. */
export function plain(value: unknown, field: string): unknown {
  if (typeof value === 'number')
    return HEX_FIELDS.has(field) && Number.isSafeInteger(value) && value >= 0 ? hex(value) : value
  if (typeof value === 'bigint') {
    if (HEX_FIELDS.has(field) || WORD_FIELDS.has(field)) return hex(value)
    throw new TypeError(`a 64-bit value in '${field}', which is not known to hold one`)
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => plain(item, field))
  const fields = value as Readonly<Record<string, unknown>>
  return Object.fromEntries(keysOf(fields).map((key) => [key, plain(fields[key], key)]))
}

function keysOf(fields: Readonly<Record<string, unknown>>): string[] {
  const rank = (key: string): number => {
    const place = FIRST_FIELDS.indexOf(key)
    return place < 0 ? FIRST_FIELDS.length : place
  }
  return Object.keys(fields)
    .filter((key) => fields[key] !== undefined)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

/** A parsed line as the value that was written: texts in the fields of addresses become numbers again. */
export function fromPlain(value: unknown, field = ''): unknown {
  if (typeof value === 'string') return HEX_FIELDS.has(field) || WORD_FIELDS.has(field) ? number(value) : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => fromPlain(item, field))
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fromPlain(inner, key)]))
}

function number(text: string): Word64 | string {
  return text.startsWith('0x') ? (parseWord64(text) ?? text) : text
}
