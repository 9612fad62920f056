/**
 * `vmtape run`: plays a scenario, and records it.
 */
import { rmSync } from 'node:fs'
import type { Command } from 'commander'
import * as v from 'valibot'
import { type Boot, DEFAULT_SEV } from '../../../events/boot.ts'
import type { Design } from '../../design/design.ts'
import { DEFAULT_DESIGN } from '../../design/designs.ts'
import { createRun, type Run } from '../../engine/run.ts'
import { UserError } from '../../errors.ts'
import { Monitor, type Violation } from '../../invariant/index.ts'
import { recordTape } from '../../node.ts'
import { type Played, play } from '../../scenario/play.ts'
import { readScenario, type Scenario } from '../../scenario/read.ts'
import { memory } from '../../scenario/words.ts'
import { verdictLine, violationLines } from '../../show/account.ts'
import { playedLines, playedText } from '../../show/played.ts'
import { count } from '../../show/table.ts'
import { TapeError } from '../../tape/error.ts'
import type { Recording } from '../../tape/recording.ts'
import { toText } from '../../tape/text.ts'
import type { SevKind } from '../../vmd/sev.ts'
import { playVmd, VMD_ENDS, type VmdEnd } from '../../vmd/vmd.ts'
import { DESIGN_HELP, designAsked } from '../design.ts'
import { oneOf, wholeNumber } from '../flags.ts'
import { nameOf, readText } from '../input.ts'
import { aboutDesign } from '../judge.ts'
import { Lines } from '../lines.ts'
import type { Terminal } from '../terminal.ts'

const HELP = `
A scenario has one JSON object a line: a command, or a decision about threads. Lines that start with
# are comments, numbers may be hex in quotes. The first line may say how the host boots.

Example:
  {"type":"boot","mode":"rvi"}
  {"type":"host.spawn","pid":100}
  {"type":"vm.create","pid":100,"memory":"512M"}
  # Stop a second CREATE before it seals its first slot; let the process touch the slot meanwhile.
  {"type":"pause","thread":"A","at":"uvm_map_immutable","command":{"type":"vm.create",…}}
  {"type":"host.touch","pid":100,"va":"0x102019f000"}
  {"type":"step","thread":"A","times":1}
  {"type":"finish","thread":"A"}

  $ vmtape run scenario.jsonl --tape run.tape

  $ vmtape run --vmd 4G --devices 3 --mode rvi --tape vmd.tape

plays what vmd does from the start of a guest to its end, with the promises that its processes keep.
--end says how: the guest powers off, one of the processes crashes, or vmd is stopped while it runs.

'vm.create' and 'vm.share' ask for the memory ranges that vmd would. Each line is answered as the
ioctl would: 0 and what it returns, or the errno and the routine that refused.

Ends with 1 when the host panics, which also ends the run, and when --invariants finds a violation.`

type Options = {
  readonly design?: string
  readonly mode?: 'ept' | 'rvi'
  readonly tape?: string
  readonly json?: true
  readonly snapshotEvery?: number
  readonly meltdown?: true
  readonly vcpuMax?: number
  readonly frames?: number
  readonly vmd?: string
  readonly devices?: number
  readonly faults?: number
  readonly end?: VmdEnd
  readonly restart?: true
  readonly vms?: number
  readonly invariants?: true
  readonly sev?: true
  readonly seves?: true
}

export function configure(command: Command, terminal: Terminal): void {
  command
    .argument('[scenario]', 'commands as JSON lines, or - for standard input')
    .option('--vmd <memory>', "vmd's own sequence around one guest of so much memory, in place of a scenario: 512M, 4G")
    .option('--devices <n>', 'with --vmd: device processes', wholeNumber('--devices', 0))
    .option('--faults <n>', 'with --vmd: pages that the guest touches', wholeNumber('--faults', 0))
    .option('--end <how>', `with --vmd: how it ends: ${VMD_ENDS.join(', ')}`, oneOf('--end', VMD_ENDS))
    .option('--restart', 'with --vmd: vmd is started again afterwards and terminates the VMs that it finds')
    .option('--vms <n>', 'with --vmd: how many guests', wholeNumber('--vms', 1))
    .option('--sev', 'with --vmd: the memory of the guest is encrypted; on an AMD host unless --mode says otherwise')
    .option('--seves', 'with --vmd: its registers as well')
    .option('--tape <out>', 'record the run on a new tape')
    .option('--design <design>', `the code that runs, ${DEFAULT_DESIGN.name} unless told: ${DESIGN_HELP}`)
    .option('--mode <mode>', "nested paging of the host's CPU: ept or rvi", oneOf('--mode', ['ept', 'rvi']))
    .option('--meltdown', 'a CPU that needs a second page directory per process')
    .option('--vcpu-max <n>', 'vCPUs that the host allows', wholeNumber('--vcpu-max', 0))
    .option('--frames <n>', 'pages of memory that the host has', wholeNumber('--frames', 1))
    .option('--invariants', 'judge the run after each event, and say at its end what does not hold')
    .option('--snapshot-every <n>', 'with --tape: store the world each N events', wholeNumber('--snapshot-every', 1))
    .option('--json', 'one JSON object a line')
    .addHelpText('after', HELP)
    .action((file: string | undefined, options: Options) => run(file, options, terminal))
}

/** What is played: the entries of a file, or what vmd does. */
type Plan = { readonly scenario: Scenario; readonly steps: (run: Run) => Iterable<Played> }

const NOTHING: Scenario = { boot: {}, design: null, entries: [] }
/** Without --faults: enough to see tables of every level, few enough to read. */
const VMD_FAULTS = 1000

/** How vmd's guest is encrypted. */
function sevKindOf({ sev, seves }: Options): SevKind | null {
  if (sev === true && seves === true)
    throw new UserError('run: wanted --sev or --seves, which is SEV and more, found both.')
  if (seves === true) return 'seves'
  return sev === true ? 'sev' : null
}

/** ASIDs below this one are for SEV-ES where a run is asked for it. */
const ES_NOES = 5

async function planOf(file: string | undefined, options: Options, terminal: Terminal): Promise<Plan> {
  if (options.vmd === undefined) {
    if (file === undefined)
      throw new UserError('run: wanted a scenario, or --vmd with a size of memory, found neither.')
    for (const flag of ['devices', 'faults', 'end', 'restart', 'vms', 'sev', 'seves'] as const)
      if (options[flag] !== undefined) throw new UserError(`--${flag}: wanted with --vmd, found without.`)
    const scenario = readScenario(await readText(file, terminal), nameOf(file))
    return { scenario, steps: (run) => play(run, scenario.entries) }
  }
  if (file !== undefined)
    throw new UserError(`run: wanted a scenario or --vmd, found both, '${file}' and --vmd ${options.vmd}.`)
  const { devices = 2, faults = VMD_FAULTS, end = 'shutdown', restart = false, vms = 1 } = options
  const size = v.safeParse(memory, options.vmd)
  if (!size.success)
    throw new UserError(`--vmd: wanted a size of memory (4G, 512M, bytes or 0x hex), found '${options.vmd}'.`)
  return {
    scenario: NOTHING,
    steps: (run) => playVmd(run, { memory: size.output, devices, faults, end, restart, vms, sev: sevKindOf(options) }),
  }
}

async function run(file: string | undefined, options: Options, terminal: Terminal): Promise<void> {
  const plan = await planOf(file, options, terminal)
  const { scenario } = plan
  const { tape, snapshotEvery } = options
  if (tape === undefined && snapshotEvery !== undefined)
    throw new UserError('--snapshot-every: wanted with --tape, which says where snapshots go, and found without.')
  const settings = await settingsOf(scenario, options, terminal)
  if (tape === undefined) {
    await playAll(createRun(settings), null, plan, options, terminal)
    return
  }
  const recorded = recordTape(tape, settings)
  try {
    await playAll(recorded.run, recorded.recording, plan, options, terminal)
    recorded.recording.close()
  } catch (cause) {
    // What a tape could not take is on no tape; but a scenario that was wrong leaves none behind.
    if (!(cause instanceof TapeError)) rmSync(tape, { force: true })
    throw cause
  }
}

/** Flags say more than the scenario, and the scenario more than the defaults. */
async function settingsOf(
  scenario: Scenario,
  options: Options,
  terminal: Terminal,
): Promise<{ readonly boot: Partial<Boot>; readonly design: Design }> {
  const { meltdown, vcpuMax, frames } = options
  const kind = sevKindOf(options)
  const mode = options.mode ?? (kind === null ? undefined : 'rvi')
  const design = await designAsked(options.design ?? scenario.design ?? DEFAULT_DESIGN.name, terminal)
  const boot: Partial<Boot> = {
    ...scenario.boot,
    ...(kind === 'seves' ? { sev: { ...DEFAULT_SEV, noes: ES_NOES } } : {}),
    ...(mode === undefined ? {} : { mode }),
    ...(meltdown === undefined ? {} : { meltdown }),
    ...(vcpuMax === undefined ? {} : { vcpuMax }),
    ...(frames === undefined ? {} : { frames }),
  }
  return { boot, design }
}

async function playAll(
  run: Run,
  recording: Recording | null,
  { scenario: { entries }, steps }: Plan,
  { json, snapshotEvery, invariants }: Options,
  terminal: Terminal,
): Promise<void> {
  const violations = invariants ? judged(run) : null
  const lines = new Lines(terminal)
  let played = 0
  let kept = 0
  try {
    for (const one of steps(run)) {
      played += 1
      await lines.printAll(json ? [playedText(one)] : playedLines(one, terminal.colours))
      if (one.result.kind === 'noted') recording?.note(one.seq, one.result.text)
      if (recording !== null && snapshotEvery !== undefined && one.seq - kept >= snapshotEvery) {
        recording.snapshot(run)
        kept = one.seq
      }
      if (panicked(one)) terminal.finding()
    }
    if (violations !== null) {
      if (violations.some(({ severity }) => severity === 'error')) terminal.finding()
      await lines.printAll(
        json ? violations.map((one) => toText({ violation: one })) : judgedLines(violations, terminal),
      )
    }
  } finally {
    await lines.flush()
  }
  const left = entries.length - played
  if (left > 0) terminal.note(`${count(left, 'line was', 'lines were')} not run: the host has panicked.`)
}

/** What does not hold of a run, from here on; the list grows while it goes on. */
function judged(run: Run): readonly Violation[] {
  const violations: Violation[] = []
  const monitor = new Monitor(run.current, {
    report: (violation) => violations.push(violation),
    ...aboutDesign(run.design),
  })
  run.subscribe((recorded) => monitor.take(recorded, run.current))
  return violations
}

function judgedLines(violations: readonly Violation[], { colours }: Terminal): string[] {
  return ['', ...violationLines(violations, colours), verdictLine(violations, 'every invariant', colours)]
}

function panicked({ result }: Played): boolean {
  return result.kind === 'answered' && 'panic' in result.outcome
}
