/**
 * Reads a scenario: JSON lines of commands and decisions, with comments after `#` and blank lines.
 */
import * as v from 'valibot'
import type { Boot } from '../../events/boot.ts'
import type { Command } from '../../events/command.ts'
import { UserError } from '../errors.ts'
import { listed, parseJsonLine, quoted } from '../json-lines.ts'
import { fieldText, foundText, issueToTell, isUnknownField, keysOf } from '../schema.ts'
import { type BootLine, type Decision, FIELDS, LINE_TYPES, lineSchema } from './commands.ts'

/** One line and where it stands. */
export type Entry = { readonly line: number; readonly place: string; readonly asked: Command | Decision }

export type Scenario = {
  /** What the first line says about the host; empty without one. */
  readonly boot: Partial<Boot>
  readonly design: string | null
  readonly entries: readonly Entry[]
}

/** @param file for messages. @throws UserError with `FILE:LINE` and the field. */
export function readScenario(text: string, file: string): Scenario {
  let boot: BootLine | null = null
  const entries: Entry[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const place = `${file}:${index + 1}`
    const asked = readLine(trimmed, place)
    if (asked.type !== 'boot') entries.push({ line: index + 1, place, asked })
    else if (boot !== null || entries.length > 0)
      throw new UserError(`${place}: boot: wanted it on the first line, found it after another.`)
    else boot = asked
  }
  const { type: _, design, ...given } = boot ?? { type: 'boot' }
  return { boot: given, design: design ?? null, entries }
}

function readLine(line: string, place: string): ReturnType<typeof parsed> {
  return parsed(parseJsonLine(line, place, 'a command or a decision'), place)
}

function parsed(value: unknown, place: string): v.InferOutput<typeof lineSchema> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError(`${place}: wanted a command or a decision as a JSON object, found ${quoted(value)}`)
  const result = v.safeParse(lineSchema, value)
  if (result.success) return result.output
  throw new UserError(`${place}: ${sentence(issueToTell(result.issues), value as Readonly<Record<string, unknown>>)}`)
}

/** `ioc.create: ranges[1].size: wanted a size in bytes (number or 0x hex), found "4Q"`. */
function sentence(issue: v.BaseIssue<unknown>, value: Readonly<Record<string, unknown>>): string {
  const keys = keysOf(issue)
  const field = fieldText(keys)
  // The variant of the line, or of the command that a thread is started with, was not to be found.
  if (issue.type === 'variant' && keys.at(-1) === 'type') return `${field}: ${unknownType(issue.input)}`
  const type = String(value.type)
  if (isUnknownField(issue)) {
    const owner = keys[0] === 'command' && keys.length === 2 ? (value.command as { readonly type: string }).type : type
    const fields = keys.length === 1 || keys[0] === 'command' ? FIELDS.get(owner) : undefined
    return `${type}: wanted no field '${field}'${fields === undefined ? '' : `; ${owner} has ${listed(fields)}`}`
  }
  const wanted = issue.type === 'variant' ? 'a command' : issue.message
  return `${type}: ${field}: wanted ${wanted}, found ${foundText(issue)}`
}

function unknownType(found: unknown): string {
  if (typeof found !== 'string') return `wanted the type of a command or a decision, found ${quoted(found)}`
  if (LINE_TYPES.includes(found)) return `wanted a command that a thread can run, found '${found}'`
  const kin = LINE_TYPES.filter((type) => type.split('.')[0] === found.split('.')[0])
  return `wanted a command or a decision, found '${found}'; there are ${listed(kin.length > 1 ? kin : LINE_TYPES)}`
}
