/**
 * The design that a flag names: one of ours, or one that a file derives from ours, so that a repair can be run, judged and
 * compared without a program around it.
 */
import { existsSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as v from 'valibot'
import { give, sleep, take, under } from '../../machines/calls/locks.ts'
import { type Derivation, defineDesign, relocked } from '../design/define.ts'
import type { Design } from '../design/design.ts'
import { DESIGNS, designNamed } from '../design/designs.ts'
import { lockFindings } from '../design/lock-order.ts'
import { UserError } from '../errors.ts'
import { listed, parseJson, quoted } from '../json-lines.ts'
import { fieldText, issueToTell, keysOf } from '../schema.ts'
import type { TapeHeader } from '../tape/header.ts'
import { readText } from './input.ts'
import type { Terminal } from './terminal.ts'

/** For the help of flags. */
export const DESIGN_HELP = `${listed(DESIGNS.map(({ name }) => name))}, or a .json or .mjs that derives one`

const text = v.pipe(v.string('a text'), v.nonEmpty('a text'))

/** A derivation that needs no code: other ways through routines. */
const derivation = v.strictObject({
  base: text,
  name: text,
  about: v.exactOptional(text),
  routines: v.record(text, v.record(text, v.record(text, text))),
})

/** What the default export of a module is given. */
export type DesignContext = {
  readonly defineDesign: typeof defineDesign
  readonly designs: Readonly<Record<string, Design>>
  /** A routine with other locks, and the words that say which. */
  readonly relocked: typeof relocked
  readonly locks: {
    readonly take: typeof take
    readonly give: typeof give
    readonly under: typeof under
    readonly sleep: typeof sleep
  }
}

/** @throws UserError where there is no such design, or the file does not derive one. */
export async function designAsked(asked: string, terminal: Terminal): Promise<Design> {
  switch (extname(asked)) {
    case '.json':
      return lockOrderTold(fromJson(asked, await readText(asked, terminal)), asked, terminal)
    case '.js':
    case '.mjs':
      return lockOrderTold(await fromModule(asked), asked, terminal)
    default:
      break
  }
  if (DESIGNS.some(({ name }) => name === asked)) return designNamed(asked)
  throw new UserError(`there is no design '${asked}'; wanted ${DESIGN_HELP}.`)
}

/** A design whose locks are wrong runs all the same; what is wrong with them is said on stderr. */
function lockOrderTold(design: Design, path: string, terminal: Terminal): Design {
  for (const { step, sentence } of lockFindings(design)) terminal.note(`${path}: I46, ${step}: ${sentence}.`)
  return design
}

function fromJson(path: string, json: string): Design {
  const read = v.safeParse(derivation, parseJson(json, path, 'a derived design'))
  if (!read.success) {
    const issue = issueToTell(read.issues)
    throw new UserError(
      `${path}: ${fieldText(keysOf(issue))}: wanted base, name, about and routines {command: {state: {answer: state}}}, found ${quoted(issue.input)}.`,
    )
  }
  const { base, about = '', ...derived } = read.output
  return within(path, () => defineDesign(designNamed(base), { ...derived, about } as Derivation))
}

async function fromModule(path: string): Promise<Design> {
  if (!existsSync(path))
    throw new UserError(`${path}: wanted a module that derives a design, and there is no such file.`)
  let derive: unknown
  try {
    derive = ((await import(pathToFileURL(resolve(path)).href)) as { readonly default?: unknown }).default
  } catch (cause) {
    throw new UserError(`${path}: wanted a module that derives a design, and it cannot be loaded: ${reason(cause)}.`)
  }
  if (typeof derive !== 'function')
    throw new UserError(
      `${path}: wanted a default export ({ defineDesign, designs }) => design, found ${derive === undefined ? 'none' : typeof derive}.`,
    )
  const designs = Object.fromEntries(DESIGNS.map((design) => [design.name, design]))
  const context: DesignContext = { defineDesign, designs, relocked, locks: { take, give, under, sleep } }
  const design = within(path, () => (derive as (context: DesignContext) => unknown)(context))
  if (typeof design === 'object' && design !== null && 'routines' in design && 'primitives' in design)
    return design as Design
  throw new UserError(`${path}: wanted its default export to answer what defineDesign() does, found ${quoted(design)}.`)
}

/**
 * The design that made a tape.
 *
 * @param asked what --design says, for a tape of a design that is not ours.
 * @returns null where nobody knows it: that of a traced host, or a derived one whose file was not named.
 */
export async function designOfTape(
  { design: { name } }: Pick<TapeHeader, 'design'>,
  asked: string | undefined,
  terminal: Terminal,
): Promise<Design | null> {
  if (asked === undefined) return DESIGNS.find((one) => one.name === name) ?? null
  const design = await designAsked(asked, terminal)
  if (design.name === name) return design
  throw new UserError(`--design: wanted '${name}', which made the tape, found '${design.name}' by '${asked}'.`)
}

/** Says which file a derivation is in that is wrong. */
function within<Result>(path: string, derive: () => Result): Result {
  try {
    return derive()
  } catch (cause) {
    throw new UserError(`${path}: ${reason(cause)}`)
  }
}

const reason = (cause: unknown): string =>
  cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
