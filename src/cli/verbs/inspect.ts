/**
 * `vmtape inspect`: the world, or a part of it, at any moment of a tape.
 */
import type { Command } from 'commander'
import type { Design } from '../../design/design.ts'
import { sourcesOf } from '../../engine/routines.ts'
import { UserError } from '../../errors.ts'
import { listed } from '../../json-lines.ts'
import { runAt } from '../../liveness/run-at.ts'
import { settleInPlace } from '../../liveness/settle.ts'
import type { Vm, World } from '../../model/world.ts'
import type { Timeline } from '../../replay/timeline.ts'
import { callsPart } from '../../show/moment/calls.ts'
import { cpusPart } from '../../show/moment/cpus.ts'
import { eventPart } from '../../show/moment/event.ts'
import { framePart } from '../../show/moment/frame.ts'
import { holdersPart } from '../../show/moment/holders.ts'
import { devicePart, framesPart, objectsPart, processesPart, slotsPart, vmsPart } from '../../show/moment/overview.ts'
import type { Part } from '../../show/moment/part.ts'
import { settledPart } from '../../show/moment/settled.ts'
import { spacePart } from '../../show/moment/space.ts'
import { vmPart } from '../../show/moment/vm.ts'
import { walkPart } from '../../show/moment/walk.ts'
import type { TapeReader } from '../../tape/reader.ts'
import { toText } from '../../tape/text.ts'
import { designOfTape } from '../design.ts'
import { wholeNumber, word } from '../flags.ts'
import { openTimeline } from '../tape.ts'
import type { Terminal } from '../terminal.ts'

const HELP = `
A moment is a number of events that have happened: --at 0 is the host as it booted, --at -1 the
moment before the last event. Without --at it is the end. Without a part, all is shown at a glance.

Example: who holds the object of the first slot just before the last event, and how a guest's address
is translated:
  $ vmtape inspect run.tape --at -1 --holders a1
  $ vmtape inspect run.tape --walk 1 0x100000

--settle decides on from the moment: every thread gets its turn, guests leave at the end of their
quantum, the page daemon makes room and a suspended device is woken where nothing else moves. It tells
of each call whether it returns or sleeps for ever, and judges what must happen at last (I72, I74, I75,
I76): holds, violated, or unknown where the bound of steps or something outside the calls decides.

VMs are named by their id; one that is not registered yet by '#' and its number in order of creation.`

type Options = {
  readonly at?: number
  readonly vm?: string
  readonly slots?: true
  readonly holders?: string
  readonly map?: number
  readonly walk?: readonly string[]
  readonly page?: string
  readonly cpus?: true
  readonly calls?: true
  readonly settle?: true
  readonly bound?: number
  readonly event?: true
  readonly design?: string
  readonly json?: true
}

export function configure(command: Command, terminal: Terminal): void {
  command
    .argument('[tape]', 'the tape to look into')
    .option('--at <n>', 'the moment after N events; negative counts from the end', wholeNumber('--at'))
    .option('--vm <id>', 'one VM: references, vCPUs, nested tables, slots')
    .option('--slots', 'the memory slots of all VMs, or of that one, and where each stands in its life')
    .option('--holders <object>', 'who holds the references of a memory object')
    .option('--map <pid>', "a process's map entries and mapped pages", wholeNumber('--map', 0))
    .option('--walk <vm-gpa...>', 'the nested tables on the way to a guest-physical address: --walk VM GPA')
    .option('--page <frame>', 'a host-physical page by its number')
    .option('--cpus', 'what runs where, whose VMCS a CPU works with, and what its TLB may hold')
    .option('--calls', 'calls in flight: next step, what they know, what they wait for')
    .option('--settle', 'what becomes of the calls in flight if every thread gets its turn')
    .option('--bound <k>', 'steps that --settle takes at most, of all threads together', wholeNumber('--bound', 1))
    .option('--design <file>', 'the .json or .mjs of a derived design that made the tape, for the C behind its steps')
    .option('--event', 'the event that led to the moment')
    .option('--json', 'one JSON object')
    .addHelpText('after', HELP)
    .action((tape: string | undefined, options: Options) => inspect(tape, options, terminal))
}

async function inspect(given: string | undefined, options: Options, terminal: Terminal): Promise<void> {
  // A flag with two words takes all that follows it, the tape's path, too.
  const [vm, gpa, ...rest] = options.walk ?? []
  const [path, ...more] = given === undefined ? rest : [given, ...rest]
  if (options.walk !== undefined && (gpa === undefined || more.length > 0))
    throw new UserError(`--walk: wanted a VM and an address, found '${options.walk.join(' ')}'.`)
  if (path === undefined) throw new UserError("missing required argument 'tape'.")
  const { reader, timeline } = await openTimeline(path, terminal)
  try {
    const seq = momentOf(timeline, options.at)
    const world = timeline.at(seq)
    const design = await designOfTape(timeline.header, options.design, terminal)
    const walk = vm === undefined || gpa === undefined ? null : ([vm, gpa] as const)
    const settled = options.settle ? [settledAt(reader, design, seq, options.bound)] : []
    const rest = settled.length > 0 && !asksForMore(options) ? [] : partsOf(world, timeline, design, options, walk)
    const parts = [...rest, ...settled]
    await terminal.print(options.json ? jsonOf(seq, timeline, parts) : textOf(seq, timeline, parts, terminal))
  } finally {
    reader.close()
  }
}

function momentOf({ start, lastSeq }: Timeline, at: number | undefined): number {
  const seq = at === undefined ? lastSeq : at < 0 ? lastSeq + at : at
  if (seq >= start && seq <= lastSeq) return seq
  throw new UserError(`--at: wanted a moment from ${start} to ${lastSeq}, or from -${lastSeq - start} on, found ${at}.`)
}

/** What was asked for, in a fixed order; everything when nothing was. */
function partsOf(
  world: World,
  timeline: Timeline,
  design: Design | null,
  options: Options,
  walk: readonly [string, string] | null,
): Part[] {
  const { vm, slots, holders, map, page, cpus, calls, event } = options
  const one = vm === undefined ? null : vmNamed(world, vm, '--vm')
  const parts: Part[] = []
  if (event) parts.push(eventPart(recordedAt(timeline, world.seq)))
  if (one !== null && !slots) parts.push(vmPart(world, one))
  if (slots) parts.push(slotsPart(world, one === null ? Object.values(world.vms) : [one]))
  if (holders !== undefined) parts.push(holdersPart(world, objectNamed(world, holders)))
  if (map !== undefined) parts.push(spacePart(world, processNamed(world, map)))
  if (walk !== null) parts.push(walkPart(world, vmNamed(world, walk[0], '--walk'), addressIn(walk[1])))
  if (page !== undefined) parts.push(framePart(world, frameNamed(world, page)))
  if (cpus) parts.push(cpusPart(world))
  const callsOf = () => callsPart(world, sourcesOf(design))
  if (calls) parts.push(callsOf())
  if (parts.length > 0) return parts
  return [
    devicePart(world),
    framesPart(world),
    cpusPart(world),
    vmsPart(world),
    processesPart(world),
    objectsPart(world),
    callsOf(),
    eventPart(recordedAt(timeline, world.seq)),
  ]
}

/** Whether a part was asked for besides what becomes of the calls. */
function asksForMore({ vm, slots, holders, map, walk, page, cpus, calls, event }: Options): boolean {
  return [vm, slots, holders, map, walk, page, cpus, calls, event].some((one) => one !== undefined)
}

function settledAt(reader: TapeReader, design: Design | null, seq: number, bound: number | undefined): Part {
  if (design === null)
    throw new UserError(
      `--settle: the tape was made by the design '${reader.header.design.name}', which is not known here; wanted it with --design.`,
    )
  const run = runAt(reader, design, seq)
  const before = run.world
  return settledPart(before, settleInPlace(run, bound === undefined ? {} : { bound }))
}

function recordedAt(timeline: Timeline, seq: number) {
  return seq === timeline.start ? null : timeline.recorded(seq)
}

function vmNamed(world: World, name: string, flag: string): Vm {
  const vms = Object.values(world.vms)
  const found = vms.find((vm) => (name.startsWith('#') ? `#${vm.ref}` === name : vm.id !== 0 && String(vm.id) === name))
  if (found !== undefined) return found
  const names = vms.map((vm) => (vm.id === 0 ? `#${vm.ref}` : String(vm.id)))
  throw new UserError(`${flag}: wanted a VM of this moment, found '${name}'; there are ${listed(names)}.`)
}

function objectNamed(world: World, name: string) {
  const objects = Object.values(world.objects)
  const found = objects.find((object) => object.name === name)
  if (found !== undefined) return found
  const names = objects.map((object) => object.name)
  throw new UserError(`--holders: wanted an object of this moment, found '${name}'; there are ${listed(names)}.`)
}

function processNamed(world: World, pid: number) {
  const found = world.processes[pid]
  if (found !== undefined) return found
  const names = Object.keys(world.processes)
  throw new UserError(`--map: wanted a process of this moment, found ${pid}; there are ${listed(names)}.`)
}

function addressIn(text: string): number {
  const address = word('--walk', text)
  if (typeof address === 'number' && address < 2 ** 48) return address
  throw new UserError(`--walk: wanted a guest-physical address of at most 48 bits, found '${text}'.`)
}

function frameNamed(world: World, text: string): number {
  const frame = word('--page', text)
  if (typeof frame === 'number' && frame < world.memory.framesMax) return frame
  throw new UserError(`--page: wanted a frame from 0 to ${world.memory.framesMax - 1}, found '${text}'.`)
}

function jsonOf(seq: number, timeline: Timeline, parts: readonly Part[]): string {
  const { design } = timeline.header
  const found = Object.fromEntries(parts.map((part) => [part.name, part.data]))
  return `${toText({ moment: seq, moments: timeline.lastSeq, design: design.name, ...found })}\n`
}

function textOf(seq: number, timeline: Timeline, parts: readonly Part[], { colours }: Terminal): string {
  const heading = colours.dim(`after event ${seq} of ${timeline.lastSeq}, design ${timeline.header.design.name}`)
  return `${[heading, ...parts.flatMap((part) => ['', ...part.lines(colours)])].join('\n')}\n`
}
