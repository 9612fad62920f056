/**
 * Values of flags, read where they are given: a wrong one is told with the name of its flag.
 */
import { parseWord64, type Word64 } from '../../events/address.ts'
import { UserError } from '../errors.ts'

/** Reads a whole number for `flag`, of at least `from`. */
export function wholeNumber(flag: string, from = Number.MIN_SAFE_INTEGER): (text: string) => number {
  const least = from === Number.MIN_SAFE_INTEGER ? '' : ` from ${from}`
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
    if (Number.isSafeInteger(value) && value >= from) return value
    throw new UserError(`${flag}: wanted a whole number${least}, found '${text}'.`)
  }
}

/** Reads an address or another 64-bit value for `flag`. */
export function word(flag: string, text: string): Word64 {
  const value = parseWord64(text)
  if (value !== null) return value
  throw new UserError(`${flag}: wanted an address (number or 0x hex), found '${text}'.`)
}

/** Reads one of `values` for `flag`. */
export function oneOf<const Value extends string>(flag: string, values: readonly Value[]): (text: string) => Value {
  return (text) => {
    const value = values.find((one) => one === text)
    if (value !== undefined) return value
    throw new UserError(`${flag}: wanted ${values.join(' or ')}, found '${text}'.`)
  }
}
