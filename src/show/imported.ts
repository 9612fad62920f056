/**
 * The report of an imported run, for a kernel engineer: what ran, what was mapped when, what was torn down in which
 * order, what was left over, what went wrong where; and the same guest on a design of vmm(4).
 */
import { hex } from '../../events/address.ts'
import type { SlotAccount, VmAccount } from '../import/account.ts'
import type { Driven, PageStory } from '../import/drive.ts'
import type { TraceTime } from '../import/ftrace/line.ts'
import type { ImportCounts } from '../import/kvm/import.ts'
import type { Unretold } from '../import/retell/retell.ts'
import type { TraceReplay } from '../import/verify-trace.ts'
import { TRACE_INVARIANTS } from '../import/verify-trace.ts'
import type { Paint } from './paint.ts'
import { clip, count, table, WIDTH } from './table.ts'

const MICROSECONDS = 1e6

/** Grouped by thousands. */
function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A size in the largest unit that it is a whole number of. */
function sized(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T']
  let value = bytes
  let unit = 0
  while (value > 0 && value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value}${units[unit]}`
}

/** Seconds since the first line; a cycle counter has none. */
function since(start: TraceTime, time: TraceTime): string {
  if (typeof time === 'bigint' || typeof start === 'bigint') return `${BigInt(time) - BigInt(start)} cycles`
  return `${((time - start) / MICROSECONDS).toFixed(3)} s`
}

function list(map: ReadonlyMap<string, number>): string {
  return [...map]
    .sort(([, a], [, b]) => b - a)
    .map(([name, times]) => `${name} ${times}`)
    .join(', ')
}

function wrapped(head: string, words: readonly string[], join: string): string[] {
  const lines: string[] = []
  let line = head
  for (const [i, word] of words.entries()) {
    const piece = i === words.length - 1 ? word : `${word}${join}`
    if (line.length + piece.length > WIDTH && line.trim() !== '') {
      lines.push(line.trimEnd())
      line = ' '.repeat(head.length)
    }
    line += `${piece}`
  }
  return [...lines, line.trimEnd()]
}

function slotRow(slot: SlotAccount, start: TraceTime): string[] {
  const where = slot.as === 0 ? `${slot.slot}` : `${slot.slot} (SMM)`
  const when =
    slot.firstEntered === null || slot.lastEntered === null
      ? 'nothing'
      : `${since(start, slot.firstEntered)} to ${since(start, slot.lastEntered)}`
  return [where, hex(slot.gpa), sized(slot.size), slot.hva === null ? '?' : hex(slot.hva), String(slot.entered), when]
}

/** One VM: its slots and faults, and how it ended. */
function vmLines(account: VmAccount, most: number, start: TraceTime, paint: Paint): string[] {
  const { vm, process, vcpus, created, seen, ended } = account
  const life = `${seen ? 'created' : 'found'} at line ${grouped(created)}, ${ended === null ? 'not seen to end' : `gone at line ${grouped(ended)}`}`
  const head = `VM ${vm}  process ${process ?? '?'}, ${count(vcpus, 'vCPU')}, ${life}`
  const columns = [
    { title: 'slot' },
    { title: 'gpa', align: 'right' },
    { title: 'size', align: 'right' },
    { title: 'hva', align: 'right' },
    { title: 'entered', align: 'right' },
    { title: 'mapped from, to' },
  ] as const
  const slots = table(
    columns,
    account.slots.map((slot) => slotRow(slot, start)),
    paint,
    WIDTH - 2,
  ).map((line) => `  ${line}`)
  const faults = `  faults   ${list(account.faults) || 'none'}; ${list(account.outcomes) || 'none resolved'}`
  const tables = `  tables   ${account.leaves} leaves entered, at most ${most} at a time, in ${account.tables} table pages; ${account.removed} removed`
  const refused = account.refused === 0 ? [] : [`  refused  ${count(account.refused, 'slot call')}`]
  const steps = account.end.map(({ what, times }) => (times === 1 ? what : `${what} ×${times}`))
  const end = account.end.length === 0 ? [] : wrapped('  end      ', steps, ' → ')
  const left =
    account.left === null
      ? []
      : [
          `  left     ${account.left.leaves === 0 && account.left.tables === 0 ? 'nothing' : `${account.left.leaves} leaves in ${account.left.tables} table pages, which went with the VM`}`,
        ]
  return [
    paint.bold(head),
    ...slots,
    clip(`  exits    ${list(account.exits) || 'none'}`),
    faults,
    tables,
    ...refused,
    ...end,
    ...left,
  ]
}

/** The kernel's own counters against the replay's, checkpoint by checkpoint. */
function checkpointLines({ verdicts }: TraceReplay, titles: ReadonlyMap<number, string>, paint: Paint): string[] {
  const numbers = [...new Set(verdicts.map(({ checkpoint }) => checkpoint))]
  const rows = numbers.map((number) => {
    const of = verdicts.filter(({ checkpoint }) => checkpoint === number)
    const told = (verdict: string): number => of.filter((one) => one.verdict === verdict).length
    const pages = of
      .filter(({ name, kernel, replay }) => name.startsWith('pages_') && (kernel > 0 || (replay ?? 0) > 0))
      .map(({ vm, name, kernel, replay }) => `VM ${vm ?? '?'} ${name} ${replay ?? '?'}/${kernel}`)
    return [
      String(number),
      titles.get(number) ?? '',
      `${told('equal')}`,
      `${told('differs')}`,
      `${told('unknown')}`,
      pages.join(', '),
    ]
  })
  const columns = [
    { title: 'checkpoint', align: 'right' },
    { title: 'the program says' },
    { title: 'equal', align: 'right' },
    { title: 'differ', align: 'right' },
    { title: 'unknown', align: 'right' },
    { title: 'pages, replay/kernel' },
  ] as const
  const wrong = verdicts
    .filter(({ verdict }) => verdict === 'differs')
    .map((one) =>
      paint.red(
        `checkpoint ${one.checkpoint}: ${one.name} of VM ${one.vm ?? '?'} is ${one.replay} in the replay, ${one.kernel} in the kernel`,
      ),
    )
  return [...table(columns, rows, paint), ...wrong]
}

/** What is left when the trace ends. */
function leftLines({ world }: TraceReplay): string {
  const vms = Object.keys(world.vms).length
  const pmaps = Object.values(world.pmaps).filter(({ owner }) => owner.kind === 'nested')
  const leaves = pmaps.reduce((sum, { ref }) => sum + world.memory.leafCount(ref), 0)
  const processes = Object.keys(world.processes).length
  if (vms === 0 && pmaps.length === 0) return 'Left over when the trace ends: no VM, no nested pmap, no page of theirs.'
  return `Left over when the trace ends: ${count(vms, 'VM')}, ${count(pmaps.length, 'nested pmap')} with ${count(leaves, 'leaf', 'leaves')}, ${count(processes, 'process', 'processes')}.`
}

export type ImportReport = {
  readonly trace: string
  readonly tape: string
  readonly tapeBytes: number
  readonly counts: ImportCounts
  readonly start: TraceTime
  readonly end: TraceTime
  readonly accounts: readonly VmAccount[]
  readonly replay: TraceReplay
  readonly titles: ReadonlyMap<number, string>
  readonly journal: string | null
  readonly unretold: Unretold
}

/** The whole report, up to the run on vmm(4). */
export function importLines(report: ImportReport, paint: Paint): string[] {
  const { counts, replay, accounts } = report
  const lost =
    counts.lost === null ? 'an unknown number lost' : counts.lost === 0 ? 'none lost' : `${grouped(counts.lost)} lost`
  const passed = [...counts.passedOver.values()].reduce((sum, times) => sum + times, 0)
  const equal = replay.verdicts.filter(({ verdict }) => verdict === 'equal').length
  const unknown = replay.verdicts.filter(({ verdict }) => verdict === 'unknown').length
  const told = replay.verdicts.length - unknown
  const kinless = [...report.unretold.values()].reduce((sum, times) => sum + times, 0)
  const met =
    report.journal === null
      ? 'There is no journal beside the trace, so no count could be met.'
      : `${equal} of ${told} of the kernel's own counters are met${unknown === 0 ? '' : `; ${unknown} cannot be known from this trace`}.`
  const held =
    replay.violations.length === 0
      ? `After each of ${grouped(replay.events)} events the invariants ${TRACE_INVARIANTS.join(', ')} hold${replay.unknown === 0 ? '.' : `; ${count(replay.unknown, 'verdict')} after a loss are unknown.`}`
      : paint.red(`${count(replay.violations.length, 'violation')} of the invariants ${TRACE_INVARIANTS.join(', ')}:`)
  return [
    `${paint.bold('Trace')}  ${report.trace}: ${grouped(counts.records)} events in ${since(report.start, report.end)}, ${lost}; ${grouped(passed)} of kinds that say nothing about memory`,
    `${paint.bold('Tape')}   ${report.tape}: ${grouped(replay.events)} events, ${grouped(Math.ceil(report.tapeBytes / 1024))} KiB; ${grouped(kinless)} facts have no event in the model`,
    '',
    ...accounts.flatMap((account) => [
      ...vmLines(account, replay.mostPages.get(account.vm) ?? 0, report.start, paint),
      '',
    ]),
    ...(replay.verdicts.length === 0 ? [] : [...checkpointLines(replay, report.titles, paint), '']),
    met,
    held,
    ...replay.violations
      .slice(0, 20)
      .map(({ id, seq, subject, sentence }) => `  event ${seq}  ${id}  ${subject}: ${sentence}`),
    leftLines(replay),
  ]
}

function storyLines(story: PageStory, paint: Paint): string[] {
  const { gpa, object, index, touchedFirst, given, evicted } = story
  const name = `${object}:${index}`
  const first =
    touchedFirst === 'process'
      ? `gpa ${hex(gpa)} (${name}): the process put the guest's code there, by an ordinary fault; wire count 0`
      : `gpa ${hex(gpa)} (${name}): nobody had touched it`
  const lines = [`  ${first}`]
  if (given !== null) {
    const how = given.wires === 0 ? paint.red('unwired') : `wired ${given.wires}×`
    lines.push(
      `  event ${grouped(given.seq)}  the guest faults on it and is given frame ${hex(given.frame)}, read, write and execute: ${how}`,
    )
  }
  if (evicted === null) return lines
  const { ok, errno, after } = evicted
  lines.push(
    ok
      ? `  event ${grouped(after.seq)}  the page daemon evicts it; frame ${hex(after.frame)} is ${after.use} now, ${paint.red("and the guest's leaf still points to it")}`
      : `  event ${grouped(after.seq)}  the page daemon may not have it: ${errno}`,
  )
  return lines
}

/** The guest of one VM of the trace on a design of vmm(4). */
export function drivenLines(vm: number, design: string, mode: string, driven: Driven, paint: Paint): string[] {
  const { faults, left, prepared, other, violations, events } = driven
  const leaves = Object.entries(left).map(([why, times]) => `${why} ${times}`)
  const seen = new Map<string, string>()
  for (const { id, name, seq, subject } of violations) {
    if (!seen.has(id)) seen.set(id, `  event ${grouped(seq)}  ${id} ${name}: ${subject}`)
  }
  return [
    paint.bold(`The guest of VM ${vm} on vmm(4), design ${design}, ${mode.toUpperCase()}`),
    `  ${grouped(faults)} nested faults in the order of the trace, ${grouped(events.length)} events${leaves.length === 0 ? '' : `; left RUN: ${leaves.join(', ')}`}`,
    ...(prepared === null ? [] : storyLines(prepared, paint)),
    ...(other === null ? [] : ['  For comparison, a page that the guest touched first:', ...storyLines(other, paint)]),
    violations.length === 0 ? '  All invariants hold.' : '  What does not hold any more:',
    ...[...seen.values()].map((line) => clip(line)),
  ]
}
