/**
 * What schemas of JSON have in common: values that say what they want, fields that must be there, and where an issue is.
 */
import * as v from 'valibot'
import { quoted } from './json-lines.ts'

/** What stands where a field is missing. It is no value of JSON, so every schema refuses it, in its own words. */
const NOTHING: symbol = Symbol('nothing')

/** A schema of JSON that gives `Output`. */
export type Schema<Output> = v.GenericSchema<unknown, Output>

/** A value that `read` makes of JSON; it answers undefined to what is none. `wanted` ends "wanted …". */
export function word<Value>(wanted: string, read: (input: unknown) => Value | undefined) {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, Value>(({ dataset, addIssue, NEVER }) => {
      const value = read(dataset.value)
      if (value !== undefined) return value
      addIssue({ message: wanted })
      return NEVER
    }),
  )
}

/** A whole number from `from` up to `to`. */
export function whole(wanted: string, from: number, to: number = Number.MAX_SAFE_INTEGER) {
  return word<number>(wanted, (input) =>
    Number.isSafeInteger(input) && (input as number) >= from && (input as number) <= to ? (input as number) : undefined,
  )
}

/** A text, of a certain form where `accepts` says so. */
export function text(wanted: string, accepts: RegExp = /(?:)/) {
  return word<string>(wanted, (input) => (typeof input === 'string' && accepts.test(input) ? input : undefined))
}

/** One of `values`. @param noun what a value is, as in `an access`. */
export function oneOf<const Value extends string | number>(noun: string, values: readonly Value[]) {
  return word<Value>(`${noun}: ${values.join(', ')}`, (input) => values.find((value) => value === input))
}

export const flag = word<boolean>('true or false', (input) => (typeof input === 'boolean' ? input : undefined))

/** A field that must be there. What is missing is refused by the schema of its value, which knows what it wants. */
export function must<const Value extends v.GenericSchema>(value: Value) {
  return v.optional(value as Schema<v.InferOutput<Value>>, NOTHING)
}

/** A field that is `fallback` where it is left out. */
export function may<const Value extends v.GenericSchema, const Fallback>(value: Value, fallback: Fallback) {
  return v.optional(value as Schema<v.InferOutput<Value>>, fallback)
}

/** The keys on the way to the value that an issue is about. */
export function keysOf(issue: v.BaseIssue<unknown>): readonly (string | number)[] {
  return (issue.path ?? []).map(({ key }) => key as string | number)
}

/** `ranges[1].size`. */
export function fieldText(keys: readonly (string | number)[]): string {
  return keys.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${key}`)).join('')
}

/** Whether an issue is about a field that nobody knows. */
export function isUnknownField(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === 'strict_object' && issue.expected === 'never'
}

/** The issue to tell. A misspelt field is one too many and one missing; the one too many shows the mistake. */
export function issueToTell<Issue extends v.BaseIssue<unknown>>(issues: readonly [Issue, ...Issue[]]): Issue {
  return issues.find(isUnknownField) ?? issues[0]
}

/** What an issue found, as a sentence shows it. */
export function foundText(issue: v.BaseIssue<unknown>): string {
  return issue.input === NOTHING ? 'nothing' : quoted(issue.input)
}
