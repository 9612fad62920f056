/**
 * A comparison of two designs as a person reads it: where the two part and why, one line for each act, and who owns the
 * memory side by side.
 */
import type { EventType } from '../../events/event.ts'
import { callerSees, onlyIn, type Pair, type Side } from '../compare/compare.ts'
import type { Owners } from '../compare/owners.ts'
import { TALLY_FIELDS, type Tally } from '../compare/tally.ts'
import type { Sighting } from '../compare/witness.ts'
import type { Paint } from './paint.ts'
import { commandText } from './reply.ts'
import { clip, count, table, WIDTH } from './table.ts'

export type DesignNames = readonly [string, string]

const WORDS: Readonly<Record<keyof Tally, string>> = {
  vms: 'VMs',
  nestedPages: 'pages that guests reach',
  processPages: 'pages that processes reach',
  residentPages: 'resident pages',
  wiredPages: 'wired pages',
  swappedPages: 'pages with a swap slot',
  objects: 'memory objects',
  held: 'ranges that VMs hold',
  shared: 'ranges of VMs that processes have mapped',
  byEntries: 'references by map entries of processes',
  byNestedMaps: 'references by nested maps',
  bySlots: "references by vmm's slots",
}

/** Events by which a count comes to be what it is. */
const CHANGES: Readonly<Partial<Record<keyof Tally, readonly EventType[]>>> = {
  vms: ['vm.allocated', 'vm.registered', 'vm.freed'],
  nestedPages: ['pmap.entered', 'pmap.cleared', 'pmap.removed', 'pmap.refused'],
  wiredPages: ['page.wired', 'nested.wired', 'page.unwired', 'page.freed'],
  swappedPages: ['swap.assigned', 'swap.released', 'page.freed'],
  held: ['slot.held', 'nested.mapped', 'slot.released', 'nested.removed', 'share.refused'],
  shared: ['space.mapped', 'space.removed', 'space.refused', 'share.refused'],
}

/** Events of one side that are listed. */
const EVENTS_MAX = 12
/** Lines that a cell of the owners may take. */
const CELL_LINES_MAX = 14

function askedText({ command, sides }: Pair): string {
  return command === null ? sides[0].answer : commandText(command)
}

/** Whether the answers differ, or a count that did not differ after the act before. */
export function partsAnew(pair: Pair, before: Pair | null): boolean {
  return pair.parts && (answersDiffer(pair) || pair.differs.some((field) => before?.differs.includes(field) !== true))
}

/** Where the two part for the first time: what differs, by which step of which routine, and what only one recorded. */
export function causeLines(pair: Pair, act: number, names: DesignNames, paint: Paint): string[] {
  const lines = [paint.bold(clip(`The two part at act ${act}, ${pair.place}: ${askedText(pair)}`))]
  lines.push(...differenceLines(pair, pair.differs, names))
  const { sides } = pair
  for (const i of BOTH) lines.push(...onlyLines(onlyIn(sides[i], sides[i === 0 ? 1 : 0]), names[i]))
  return lines
}

/** Where they go further apart: what differs now that did not before, and by which step. */
export function furtherLines(pair: Pair, before: Pair | null, act: number, names: DesignNames): string[] {
  const anew = pair.differs.filter((field) => before?.differs.includes(field) !== true)
  return [clip(`and at act ${act}, ${pair.place}: ${askedText(pair)}`), ...differenceLines(pair, anew, names)]
}

function answersDiffer({ sides: [a, b], ...pair }: Pair): boolean {
  return isAnswered({ ...pair, sides: [a, b] }) && callerSees(a.answer) !== callerSees(b.answer)
}

function differenceLines(pair: Pair, differs: Pair['differs'], names: DesignNames): string[] {
  const { sides } = pair
  const lines: string[] = []
  if (answersDiffer(pair)) {
    lines.push('  the answers differ')
    for (const i of BOTH) lines.push(...wrapped(`    ${label(names, i)}`, refusalText(sides[i])))
  }
  for (const field of differs) {
    const [a, b] = [sides[0].tally[field], sides[1].tally[field]]
    lines.push(`  ${WORDS[field]}: ${a} on ${names[0]}, ${b} on ${names[1]}`)
    for (const i of BOTH) lines.push(...wrapped(`    ${label(names, i)}`, changeText(sides[i], field)))
  }
  return lines
}

const BOTH = [0, 1] as const

function label(names: DesignNames, index: 0 | 1): string {
  return `${names[index].padEnd(Math.max(names[0].length, names[1].length))}  `
}

function isAnswered({ sides }: Pair): boolean {
  return sides.every(({ result }) => result.kind !== 'passed')
}

function refusalText({ answer, testimony: { refused, functions }, result }: Side): string {
  const isRefused = result.kind === 'answered' && !result.outcome.ok && 'errno' in result.outcome
  if (refused !== null && (isRefused || answer.startsWith('left RUN'))) return `${answer}, by ${refused.source}`
  return functions.length === 0 ? answer : `${answer}, by way of ${functions.join(', ')}`
}

/** By which steps the count changed on one side; by which functions it did not. */
function changeText({ testimony: { seen, functions } }: Side, field: keyof Tally): string {
  const changes = seen.filter(({ type }) => CHANGES[field]?.includes(type))
  if (changes.length > 0)
    return changes.map(({ type, source, times }) => `${type} in ${source}${oftenText(times)}`).join('; ')
  return functions.length === 0 ? 'did nothing in this act' : `nothing of the kind in ${functions.join(', ')}`
}

function oftenText(times: number): string {
  return times === 1 ? '' : ` (${times} times)`
}

function onlyLines(seen: readonly Sighting[], name: string): string[] {
  if (seen.length === 0) return []
  const width = Math.max(...seen.map(({ type }) => type.length))
  const lines = seen.slice(0, EVENTS_MAX).map(({ type, source, times }) => {
    return clip(`    ${type.padEnd(width)}  ${source}${oftenText(times)}`)
  })
  const more = seen.length - EVENTS_MAX
  return [`  recorded on ${name} alone`, ...lines, ...(more > 0 ? [`    and ${more} more`] : [])]
}

/** One act in a line of the table, or several that are alike, with the numbers after the last: `told`, after the answers. */
export type ActRow = {
  readonly first: number
  last: number
  readonly parts: boolean
  readonly kind: string
  readonly asked: string
  told: readonly string[]
  readonly notes: readonly string[]
}

const COLUMNS = ['byEntries', 'vm', 'wiredPages', 'nestedPages', 'processPages'] as const

/** The act's line, and below it what was done differently. Numbers that differ stand side by side. */
export function actRow(pair: Pair, act: number, names: DesignNames): ActRow {
  const { sides, parts, command } = pair
  const numbers = COLUMNS.map((field) => both(valueIn(sides[0].tally, field), valueIn(sides[1].tally, field)))
  const answers = sides.map(({ answer, result }) => shortAnswer(result, answer))
  const notes = sides.flatMap(({ notes: told, result, answer }, i) => {
    const passed = result.kind === 'passed' ? [`not asked: ${answer}`] : []
    return [...passed, ...told].map((note) => `${names[i]}: ${note}`)
  })
  const kind = command?.type ?? 'note'
  return { first: act, last: act, parts, kind, asked: askedText(pair), told: [...answers, ...numbers], notes }
}

function shortAnswer({ kind }: Side['result'], answer: string): string {
  if (kind === 'noted') return ''
  return kind === 'passed' ? 'not asked' : callerSees(answer)
}

/** Adds an act to a table, or to its last line where that is of the same kind and answered the same. @returns false when it has no room. */
export function addRow(rows: ActRow[], row: ActRow, rowsMax: number): boolean {
  const last = rows.at(-1)
  const alike = last?.kind === row.kind && last.parts === row.parts && row.notes.length === 0 && row.kind !== 'note'
  if (alike && last.told[0] === row.told[0] && last.told[1] === row.told[1]) {
    last.last = row.last
    last.told = row.told
    return true
  }
  if (rows.length >= rowsMax) return false
  rows.push(row)
  return true
}

function valueIn(tally: Tally, field: (typeof COLUMNS)[number]): number {
  return field === 'vm' ? tally.byNestedMaps + tally.bySlots : tally[field]
}

function both(a: number, b: number): string {
  return a === b ? String(a) : `${a}|${b}`
}

/** Columns between the numbers of acts and the answers. */
const ASKED_MIN = 12
const ASKED_MAX = 32
const ANSWER_MIN = 8
const ANSWER_MAX = 16
const GAP = 2

/** What the columns of numbers count is told below, since it does not fit above. */
export function actTable(rows: readonly ActRow[], names: DesignNames, paint: Paint): string[] {
  const titles = ['maps', 'vms', 'wired', 'guest', 'proc'].map((title) => ({ title, align: 'right' as const }))
  const numbers = rows.map(
    ({ first, last, parts }) => `${parts ? '≠' : ' '} ${first === last ? first : `${first}-${last}`}`,
  )
  const widest = (title: string, cells: readonly string[]): number =>
    Math.max(title.length, ...cells.map((cell) => cell.length))
  const taken = titles.reduce(
    (sum, { title }, i) =>
      sum +
      GAP +
      widest(
        title,
        rows.map(({ told }) => told[i + 2] ?? ''),
      ),
    widest('  act', numbers) + GAP,
  )
  // What is left of the line is shared out: the answers first, as long as what was asked stays readable.
  const answer = Math.max(ANSWER_MIN, Math.min(ANSWER_MAX, Math.floor((WIDTH - taken - ASKED_MIN) / 2) - GAP))
  const short = (told: readonly string[]): readonly string[] =>
    told.map((cell, i) => (i < 2 ? clip(cell, answer) : cell))
  const answers = [0, 1].map((i) =>
    widest(
      clip(names[i] ?? '', answer),
      rows.map(({ told }) => short(told)[i] ?? ''),
    ),
  )
  const asked = Math.max(
    ASKED_MIN,
    Math.min(ASKED_MAX, WIDTH - taken - (answers[0] ?? 0) - (answers[1] ?? 0) - 2 * GAP),
  )
  const columns = [
    { title: '  act' },
    { title: 'asked' },
    { title: clip(names[0], answer) },
    { title: clip(names[1], answer) },
    ...titles,
  ]
  const [head = '', ...lines] = table(
    columns,
    rows.map(({ told, asked: text }, i) => [numbers[i] ?? '', clip(text, asked), ...short(told)]),
    paint,
  )
  const told = rows.flatMap(({ notes }, i) => [
    lines[i] ?? '',
    ...notes.flatMap((note) => wrapped('      ', note).map(paint.dim)),
  ])
  return [
    head,
    ...told,
    '',
    paint.dim('maps: entries of process maps. vms: entries of nested maps, and slots. wired, guest, proc: pages'),
    paint.dim(`that are wired, that guests reach, that processes reach. 1|0: 1 on ${names[0]}, 0 on ${names[1]}.`),
  ]
}

/** Who owns the memory, and how much of it is reached, side by side. */
export function ownerLines(
  title: string,
  owners: readonly [Owners, Owners],
  tallies: readonly [Tally, Tally],
  names: DesignNames,
  paint: Paint,
): string[] {
  const rows: readonly (readonly [string, (owners: Owners, tally: Tally) => readonly string[]])[] = [
    ['process maps', ({ maps }) => maps],
    ['of VMs', ({ vms }) => vms],
    ['objects', ({ objects }) => objects],
    ['wired pages', (_, { wiredPages }) => [String(wiredPages)]],
    ['reached', (_, { nestedPages, processPages }) => [`${nestedPages} by guests, ${processPages} by processes`]],
    ['in swap', (_, { swappedPages }) => [String(swappedPages)]],
  ]
  return [
    paint.bold(clip(title)),
    paint.dim(sideLine('', names[0], names[1])),
    ...rows.flatMap(([name, cellsOf]) => {
      const [a, b] = BOTH.map((i) => cell(cellsOf(owners[i], tallies[i])))
      const height = Math.max(a?.length ?? 0, b?.length ?? 0)
      return Array.from({ length: height }, (_, i) => sideLine(i === 0 ? name : '', a?.[i] ?? '', b?.[i] ?? ''))
    }),
  ]
}

const LABEL = 14
const CELL = (WIDTH - LABEL) / 2

function sideLine(name: string, a: string, b: string): string {
  return `${name.padEnd(LABEL)}${a.padEnd(CELL)}${b}`.trimEnd()
}

function cell(items: readonly string[]): readonly string[] {
  if (items.length === 0) return ['-']
  const lines = items.flatMap((item) => wrapped('', item, CELL - 2))
  if (lines.length <= CELL_LINES_MAX) return lines
  return [...lines.slice(0, CELL_LINES_MAX - 1), `and ${count(items.length, 'entry', 'entries')} in all`]
}

/** Words on as many lines as they take, below each other. */
function wrapped(start: string, text: string, width: number = WIDTH): string[] {
  const lines: string[] = []
  const hanging = ' '.repeat(start.length + (start === '' ? 2 : 0))
  let line = start
  for (const word of text.split(' ')) {
    const isFirst = line.trim() === start.trim() && line.length <= Math.max(start.length, hanging.length)
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line)
      line = hanging + word
    } else line += isFirst ? word : ` ${word}`
  }
  return [...lines, line].map((one) => clip(one, width))
}

/** What is left, as counts, where there is anything or the two differ. */
export function leftLines({ sides }: Pair, names: DesignNames, paint: Paint): string[] {
  const rows = TALLY_FIELDS.map((field) => [WORDS[field], ...sides.map(({ tally }) => String(tally[field]))])
  const kept = rows.filter(([, a, b]) => a !== '0' || b !== '0')
  if (kept.length === 0) return ['Nothing is left on either.']
  const columns = [
    { title: 'left at the end' },
    { title: names[0], align: 'right' },
    { title: names[1], align: 'right' },
  ] as const
  return table(columns, kept, paint)
}
