/**
 * One line of a tape's text, read and judged by itself.
 */
import * as v from 'valibot'
import type { Recorded } from '../../../events/event.ts'
import { UserError } from '../../errors.ts'
import { listed, parseJsonLine, quoted } from '../../json-lines.ts'
import {
  fieldText,
  flag,
  foundText,
  issueToTell,
  isUnknownField,
  keysOf,
  must,
  text,
  whole,
  word,
} from '../../schema.ts'
import { fromPlain } from '../text.ts'
import { fromBase64 } from './base64.ts'
import type { HeaderValues } from './print.ts'

/** What a line says. */
export type TextLine =
  | { readonly kind: 'tape'; readonly text: number; readonly header: HeaderValues; readonly bytes?: Uint8Array }
  | {
      readonly kind: 'segment'
      readonly seq: number
      readonly count: number
      readonly sealed: boolean
      readonly bytes?: Uint8Array
    }
  | { readonly kind: 'event'; readonly recorded: Recorded }
  | { readonly kind: 'snapshot'; readonly seq: number; readonly sealed: boolean; readonly payload: Uint8Array }
  | { readonly kind: 'note'; readonly seq: number; readonly text: string }
  | { readonly kind: 'index' }
  | { readonly kind: 'end'; readonly closed: boolean }

const seq = must(whole('a seq (a whole number)', 0))
const version = must(whole('the version of a text', 0))
const name = text('a text')
const nameOrNull = v.nullable(name)
const bytes = word<Uint8Array>('bytes in base64', (input) =>
  typeof input === 'string' ? fromBase64(input) : undefined,
)

const header = v.strictObject(
  {
    design: must(v.strictObject({ name: must(name), digest: must(name) }, 'a design: name, digest')),
    modelVersion: must(whole('a whole number', 0)),
    boot: v.any(),
    createdBy: must(name),
  },
  'a header: design, modelVersion, boot, createdBy',
)

/** Schemas by the one field that tells a line's kind. */
const SCHEMAS = {
  tape: v.strictObject({ text: version, header: must(header), bytes: v.exactOptional(bytes) }, 'an object'),
  segment: v.strictObject(
    { seq, count: must(whole('a number of events from 1', 1)), sealed: must(flag), bytes: v.exactOptional(bytes) },
    'an object',
  ),
  snapshot: v.strictObject({ seq, sealed: must(flag), payload: must(bytes) }, 'an object'),
  note: v.strictObject({ seq, text: must(name) }, 'an object'),
  index: v.strictObject({}, 'an object'),
  end: v.strictObject({ closed: must(flag) }, 'an object'),
} as const

const eventSchema = v.strictObject({
  seq: must(whole('a seq (a whole number from 1)', 1)),
  thread: must(nameOrNull),
  place: must(nameOrNull),
  event: must(v.looseObject({ type: must(text('the type of an event', /^\w+\.\w+$/)) }, 'an event')),
})

/** @param place `FILE:LINE`. @throws UserError in one sentence. */
export function parseTextLine(line: string, place: string): TextLine {
  const value = parseJsonLine(line, place, "a line of a tape's text")
  const wanted = `wanted a line with one of ${listed([...Object.keys(SCHEMAS), 'event'])}`
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError(`${place}: ${wanted}, found ${quoted(value)}`)
  if ('event' in value) {
    const { event, ...rest } = checked(eventSchema, value, place, '')
    return { kind: 'event', recorded: { ...rest, event: fromPlain(event) } as Recorded }
  }
  const [key = '', ...more] = Object.keys(value)
  const fields = (value as Readonly<Record<string, unknown>>)[key]
  if (more.length === 0) {
    if (key === 'tape') return { kind: key, ...checked(SCHEMAS.tape, fields, place, key) }
    if (key === 'segment') return { kind: key, ...checked(SCHEMAS.segment, fields, place, key) }
    if (key === 'snapshot') return { kind: key, ...checked(SCHEMAS.snapshot, fields, place, key) }
    if (key === 'note') return { kind: key, ...checked(SCHEMAS.note, fields, place, key) }
    if (key === 'index') return { kind: key, ...checked(SCHEMAS.index, fields, place, key) }
    if (key === 'end') return { kind: key, ...checked(SCHEMAS.end, fields, place, key) }
  }
  throw new UserError(`${place}: ${wanted}, found ${quoted(value)}`)
}

function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  place: string,
  kind: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const issue = issueToTell(result.issues)
  const field = fieldText([...(kind === '' ? [] : [kind]), ...keysOf(issue)])
  if (isUnknownField(issue)) throw new UserError(`${place}: wanted no field '${field}'.`)
  throw new UserError(`${place}: ${field}: wanted ${issue.message}, found ${foundText(issue)}`)
}
