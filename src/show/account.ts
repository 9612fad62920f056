/**
 * What ran on a tape, what is left, and what did not hold.
 */
import type { Violation } from '../invariant/invariant.ts'
import type { Account, CommandCount, VmStory } from '../replay/account.ts'
import type { Difference } from '../replay/verify.ts'
import { plain } from '../tape/text.ts'
import { differenceLines as fieldLines } from './difference.ts'
import { eventLine } from './moment/event.ts'
import { vmName } from './names.ts'
import type { Paint } from './paint.ts'
import { type Column, clip, count, table, WIDTH } from './table.ts'

/** Types of events that are listed; the rest is told by its number. */
const TYPES_MAX = 20

/** Violations that are listed. */
const VIOLATIONS_MAX = 20

/** Milestones of a teardown that are listed. */
const MILESTONES_MAX = 24

export function accountLines({ events, byType, byCommand, vms }: Account, paint: Paint): string[] {
  return [
    ...(byCommand.length === 0 ? [] : [...commandTable(byCommand, paint), '']),
    ...(events === 0 ? [] : [...typeTable(byType, paint), '']),
    ...vms.flatMap((vm) => [...storyLines(vm, paint), '']),
  ]
}

function commandTable(counts: readonly CommandCount[], paint: Paint): string[] {
  const columns: Column[] = [
    { title: 'command' },
    { title: 'asked', align: 'right' },
    { title: 'ok', align: 'right' },
    { title: 'refused' },
  ]
  const rows = counts.map(({ command, asked, ok, refused }) => {
    const parts = Object.entries(refused).map(([errno, times]) => `${times} ${errno}`)
    return [command, String(asked), String(ok), parts.join(', ') || '-']
  })
  return table(columns, rows, paint)
}

function typeTable(byType: Account['byType'], paint: Paint): string[] {
  const rows = byType.slice(0, TYPES_MAX).map(({ type, events }) => [type, String(events)])
  const more = byType.length - TYPES_MAX
  const rest = byType.slice(TYPES_MAX).reduce((sum, { events }) => sum + events, 0)
  return [
    ...table([{ title: 'event' }, { title: 'times', align: 'right' }], rows, paint),
    ...(more > 0 ? [paint.dim(`and ${count(rest, 'event')} of ${count(more, 'other type')}`)] : []),
  ]
}

function storyLines(vm: VmStory, paint: Paint): string[] {
  const milestones = ({ seq, what }: { readonly seq: number; readonly what: string }): string => `${what} at ${seq}`
  const { teardown } = vm
  const more = teardown.length - MILESTONES_MAX
  return [
    paint.bold(`${vmName(vm)} '${vm.name}' of pid ${vm.creator}`),
    ...wrapped('  life      ', vm.life.map(milestones)),
    ...(teardown.length === 0
      ? []
      : wrapped('  teardown  ', [
          ...teardown.slice(0, MILESTONES_MAX).map(milestones),
          ...(more > 0 ? [`and ${more} more`] : []),
        ])),
  ]
}

/** Items on as many lines as they take, below each other. */
function wrapped(start: string, items: readonly string[]): string[] {
  const lines: string[] = []
  let line = start
  for (const [index, item] of items.entries()) {
    const text = index === items.length - 1 ? item : `${item}, `
    if (line.length + text.trimEnd().length > WIDTH && line.length > start.length) {
      lines.push(line.trimEnd())
      line = ' '.repeat(start.length)
    }
    line += text
  }
  return [...lines, line.trimEnd()]
}

/** Each violation: which invariant, after which event, whose step, the C behind it, and why it does not hold. */
export function violationLines(violations: readonly Violation[], paint: Paint): string[] {
  const shown = violations.slice(0, VIOLATIONS_MAX).flatMap((violation) => oneViolation(violation, paint))
  const more = violations.length - VIOLATIONS_MAX
  if (more <= 0) return shown
  const names = [...new Set(violations.slice(VIOLATIONS_MAX).map(({ name }) => name))]
  return [...shown, clip(`and ${more} more: ${names.join(', ')}`)]
}

/** The sum of it, in a line. `held` says what was judged. */
export function verdictLine(violations: readonly Violation[], held: string, { green, red, yellow }: Paint): string {
  const errors = violations.filter(({ severity }) => severity === 'error').length
  const warnings = violations.length - errors
  if (errors > 0) return red(`${count(errors, 'violation')} and ${count(warnings, 'warning')}`)
  return warnings > 0 ? yellow(`no violation, ${count(warnings, 'warning')}`) : green(`${held} held after every event`)
}

function oneViolation(
  { id, name, severity, seq, thread, call, place, source, subject, sentence }: Violation,
  paint: Paint,
): string[] {
  const mark = severity === 'warning' ? paint.yellow('warning ') : paint.red('violated')
  const step = [thread === null ? '' : `${thread}: `, call ?? '', place === null ? '' : ` at ${place}`].join('')
  return [
    `${mark}  ${paint.bold(name)} (${id}) after event ${seq}`,
    ...(step === '' ? [] : [clip(`          ${step}${source === null ? '' : ` (${source})`}`)]),
    clip(`          ${subject}: ${sentence}`),
  ]
}

/** The first event that today's code would not record as the tape has it; where both are of one type, the fields. */
export function differenceLines({ seq, wanted, found }: Difference, paint: Paint): string[] {
  const fields =
    wanted !== null && found !== null && wanted.event.type === found.event.type
      ? fieldLines('event', plain(wanted, ''), plain(found, ''))
      : []
  return [
    paint.red(`differs   event ${seq} would not be recorded again`),
    clip(`  the tape has  ${wanted === null ? 'nothing more' : eventLine(wanted)}`),
    clip(`  now it is     ${found === null ? 'nothing' : eventLine(found)}`),
    ...fields.map((line) => clip(`  ${line}`)),
  ]
}
