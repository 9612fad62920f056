/**
 * One line of ftrace text, taken apart: who, where, when, which event.
 *
 *     TASK-PID  [(TGID)]  [CPU]  [FLAGS]  TIME: EVENT: PAYLOAD
 *
 * Nothing here throws: what cannot be read stays in the stream as data, with its reason.
 *
 * Source: trace_print_context() and trace_print_lat_fmt() of Linux kernel/trace/trace_output.c;
 * print_trace_line() of kernel/trace/trace.c for the loss marker and the header.
 */

/**
 * When an event was recorded. A number is whole microseconds of the trace clock; a bigint is the
 * tick of an integer clock (a cycle counter), whose unit the trace does not tell.
 */
export type TraceTime = number | bigint

/** An event line. */
export type TraceRecord = {
  readonly kind: 'record'
  /** Where in the file, from 1. */
  readonly line: number
  /** Up to 15 bytes, as the thread called itself then; `<...>` when the kernel had forgotten. */
  readonly task: string
  /** The thread; a "pid" of ftrace is what user space calls a tid. */
  readonly pid: number
  /** The process, or null when the column is absent or says that it is not known. */
  readonly tgid: number | null
  readonly cpu: number
  /** Interrupts, rescheduling, context, preemption depth, migration; null when not printed. */
  readonly flags: string | null
  readonly time: TraceTime
  readonly event: string
  /** What follows the event's name, without the `: ` between them. */
  readonly payload: string
}

/** `CPU:1 [LOST 5897 EVENTS]`: a reader was too slow, and what stood here on that CPU is gone. */
export type LossMarker = {
  readonly kind: 'loss'
  readonly line: number
  readonly cpu: number
  /** How many events; null when the kernel could not count them. */
  readonly count: number | null
}

/** A comment line. Two of them say how much of the recording is left. */
export type HeaderLine = {
  readonly kind: 'header'
  readonly line: number
  readonly text: string
  /** `entries-in-buffer/entries-written: A/B`, when this is that line. */
  readonly entries: { readonly kept: number; readonly written: number } | null
  /** `##### CPU 1 buffer started ####`: the first line of that CPU follows, others came before. */
  readonly started: number | null
  /** `#P:2`: how many CPUs the recording is of. */
  readonly cpus: number | null
}

/** Anything else: a torn line, the second line of a mark, another tool's text. */
export type UnparsableLine = {
  readonly kind: 'unparsable'
  readonly line: number
  readonly text: string
  /** What was wanted, and what is wrong with what was found. */
  readonly reason: string
}

export type TraceLine = TraceRecord | LossMarker | HeaderLine | UnparsableLine

/**
 * A line as a splitter hands it over. The last line of a file that does not end in a line end is
 * `cut`: its last number may lack digits, so that it must not be believed.
 */
export type SourceLine = string | { readonly cut: string }

/** ftrace pads the task's name to 16 columns, so that the dash before the PID stands here. */
const DASH_COLUMN = 16

// After the task's name. Every part is of digits or of one fixed width, so that nothing is tried
// twice. No flag column begins with a digit, which tells it from an integer clock.
const REST =
  /-(\d{1,10}) +(?:\( *([\d-]+)\) +)?\[(\d{1,5})\] +(?:([^\s\d]\S{3,4}) +)?(\d{1,20})(?:\.(\d{6}))?: +([A-Za-z_][\w.]*)/y
// The same from the line's beginning, for text whose columns were not kept. 48 bounds the search.
const WHOLE = new RegExp(`^\\s*(.{1,48}?)${REST.source}`)
const LOSS = /^\s*CPU:? ?(\d{1,5}) \[(?:LOST(?: (\d+))? EVENTS|(?:(\d+) )?EVENTS DROPPED)\]\s*$/
const ENTRIES = /^# *entries-in-buffer\/entries-written: *(\d+)\/(\d+)/
const CPUS = /#P:(\d{1,5})\s*$/
const STARTED = /^##### CPU (\d+) buffer started ####/

const WANTED = 'wanted TASK-PID [CPU] TIME: EVENT'

/**
 * Reads one line.
 *
 * @param number where in the file the line stands, from 1.
 * @param source without its line end; `{cut}` for the torn last line of a file.
 */
export function parseLine(number: number, source: SourceLine): TraceLine {
  if (typeof source !== 'string')
    return unparsable(number, source.cut, `${WANTED} and a line end, found the end of the file`)
  const text = source
  if (text.charCodeAt(0) === 0x23 /* # */) return headerLine(number, text)
  if (text.charCodeAt(DASH_COLUMN) === 0x2d /* - */) {
    REST.lastIndex = DASH_COLUMN
    const found = REST.exec(text)
    if (found !== null) return record(number, text, text.slice(0, DASH_COLUMN).trimStart(), found, 1, REST.lastIndex)
  }
  const loss = LOSS.exec(text)
  if (loss !== null) {
    const count = loss[2] ?? loss[3]
    return {
      kind: 'loss',
      line: number,
      cpu: Number(loss[1]),
      count: count === undefined ? null : Number(count),
    }
  }
  const found = WHOLE.exec(text)
  if (found !== null) return record(number, text, found[1] ?? '', found, 2, found[0].length)
  return unparsable(number, text, `${WANTED}, found ${text.trim() === '' ? 'nothing' : 'other text'}`)
}

function record(
  line: number,
  text: string,
  task: string,
  found: RegExpExecArray,
  /** Which capture is the PID; the others follow it. */
  first: 1 | 2,
  /** Just after the event's name. */
  end: number,
): TraceRecord | UnparsableLine {
  const tgid = found[first + 1]
  let event = found[first + 6] ?? ''
  let payload: string
  if (text.charCodeAt(end) === 0x3a /* : */) payload = text.slice(text.charCodeAt(end + 1) === 0x20 ? end + 2 : end + 1)
  else if (text.charCodeAt(end) === 0x28 /* ( */ || text.startsWith(' ->', end))
    // A system call: `sys_close(fd: 7)` and `sys_close -> 0x0`.
    payload = text.slice(end).trimStart()
  else if (text.startsWith(' <-', end)) {
    // The function tracer prints `CALLEE <-CALLER` where others print the event.
    payload = `${event}${text.slice(end)}`
    event = 'function'
  } else if (end === text.length) payload = ''
  else return unparsable(line, text, `${WANTED} and a colon, found no colon after the event`)
  return {
    kind: 'record',
    line,
    task,
    pid: Number(found[first]),
    // `(-------)` is how the kernel prints that it does not know.
    tgid: tgid === undefined || tgid.charCodeAt(0) === 0x2d ? null : Number(tgid),
    cpu: Number(found[first + 2]),
    flags: found[first + 3] ?? null,
    time: timeOf(found[first + 4] ?? '', found[first + 5]),
    event,
    payload,
  }
}

/** Microseconds of a century fit a double many times over; a cycle counter's 64 bits do not. */
function timeOf(whole: string, fraction: string | undefined): TraceTime {
  return fraction === undefined ? BigInt(whole) : Number(whole) * 1_000_000 + Number(fraction)
}

function headerLine(line: number, text: string): HeaderLine {
  const entries = ENTRIES.exec(text)
  const started = STARTED.exec(text)
  const cpus = CPUS.exec(text)
  return {
    kind: 'header',
    line,
    text,
    entries: entries === null ? null : { kept: Number(entries[1]), written: Number(entries[2]) },
    started: started === null ? null : Number(started[1]),
    cpus: cpus === null ? null : Number(cpus[1]),
  }
}

function unparsable(line: number, text: string, reason: string): UnparsableLine {
  return { kind: 'unparsable', line, text, reason }
}

/**
 * Cuts text that arrives in pieces into lines. What follows the last line end is handed over as
 * `{cut}`; a file that ends in one has no such rest.
 */
export function* splitLines(pieces: Iterable<string>): Generator<SourceLine, void> {
  let rest = ''
  for (const piece of pieces) {
    const text = rest + piece
    let from = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      yield text.charCodeAt(end - 1) === 0x0d && end > from ? text.slice(from, end - 1) : text.slice(from, end)
      from = end + 1
    }
    rest = text.slice(from)
  }
  if (rest !== '') yield { cut: rest }
}
