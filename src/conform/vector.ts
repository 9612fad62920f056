/**
 * Behaviour vectors: what the real kernel functions did, recorded command by command. The format is described in
 * vectors/FORMAT.md beside the recordings; this file reads one line of it.
 */
import { UserError } from '../errors.ts'
import { faultOf } from './fields.ts'

export type State = Readonly<Record<string, unknown>>

/** One command of a vector, with the fields of its `op`. */
export type VectorCommand = { readonly op: string } & Readonly<Record<string, unknown>>

/** What was seen of one command: its result, the side effects in order, and the state that changed. */
export type VectorStep = {
  readonly r: Readonly<Record<string, unknown>>
  readonly t?: readonly string[]
  readonly d?: State
}

export type Vector = {
  readonly name: string
  readonly cat: string
  readonly mode: string
  readonly commands: readonly VectorCommand[]
  /** Of the code of December 2025. */
  readonly expected: readonly VectorStep[]
  /** Of the patch of May 2025, where it differs. */
  readonly expected_v7?: readonly VectorStep[]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fail(where: string, wanted: string, found: unknown): never {
  const shown = JSON.stringify(found) ?? 'nothing'
  throw new UserError(`${where}: wanted ${wanted}, found ${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}`)
}

function readSteps(value: unknown, count: number, where: string): readonly VectorStep[] {
  if (!Array.isArray(value) || value.length !== count) fail(where, `an array of ${count} elements`, value)
  for (const [i, step] of value.entries()) {
    if (!isRecord(step) || !isRecord(step.r)) fail(`${where}[${i}]`, 'an object with a result "r"', step)
  }
  return value as readonly VectorStep[]
}

/** Reads one line. `where` is its file and line, for the sentence that says what is wrong with it. */
export function readVector(line: string, where: string): Vector {
  let value: unknown
  try {
    // Two inputs exceed 2^53; a double keeps them as large as they need to be.
    value = JSON.parse(line)
  } catch (error) {
    throw new UserError(`${where}: wanted a vector as one line of JSON: ${(error as Error).message}`)
  }
  if (!isRecord(value)) fail(where, 'a JSON object', value)
  for (const key of ['name', 'cat', 'mode']) {
    if (typeof value[key] !== 'string') fail(`${where}: ${key}`, 'a string', value[key])
  }
  const { commands } = value
  if (!Array.isArray(commands) || commands.length === 0) fail(`${where}: commands`, 'a list of commands', commands)
  for (const [i, command] of commands.entries()) {
    if (!isRecord(command)) fail(`${where}: commands[${i}]`, 'an object with "op"', command)
    const fault = faultOf(command)
    if (fault !== null) fail(`${where}: commands[${i}]${fault.at}`, fault.wanted, fault.found)
  }
  if ((commands[0] as VectorCommand).op !== 'config')
    fail(`${where}: commands[0].op`, '"config"', (commands[0] as VectorCommand).op)
  readSteps(value.expected, commands.length, `${where}: expected`)
  if (value.expected_v7 !== undefined) readSteps(value.expected_v7, commands.length, `${where}: expected_v7`)
  return value as unknown as Vector
}
