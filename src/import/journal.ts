/**
 * The journal beside a trace: the traced program's own account, step by step, and at each
 * checkpoint the kernel's own counters, read through the VM's and the vCPUs' statistics
 * descriptors. They are the check value for a replay.
 *
 *     memplay 7: checkpoint 1 before the close
 *       checkpoint 1 vm 5 pages_4k 209
 *       checkpoint 1 vm 5 vcpu 0 pf_fixed 107
 */

/** A numbered step, as the program announced it; the same text is in the trace as a mark. */
export type JournalStep = { readonly line: number; readonly number: number; readonly text: string }

/** One counter at one checkpoint. */
export type CheckpointCounter = {
  readonly line: number
  readonly checkpoint: number
  /** The file descriptor by which the program holds the VM: a name that is used again after a close. */
  readonly fd: number
  /** Null for a counter of the VM as a whole. */
  readonly vcpu: number | null
  /** As the kernel's statistics call it: `pages_4k`, `pf_fixed`, `exits`. */
  readonly name: string
  readonly value: number
}

export type Journal = {
  readonly steps: readonly JournalStep[]
  readonly counters: readonly CheckpointCounter[]
  /** Lines that are neither, with their text. */
  readonly others: readonly { readonly line: number; readonly text: string }[]
}

const STEP = /^\S{1,40} (\d{1,9}): (.*)$/
const COUNTER = /^\s*checkpoint (\d{1,9}) vm (\d{1,9}) (?:vcpu (\d{1,9}) )?([A-Za-z_]\w*) (\d{1,20})$/

/** Reads a journal. It never throws: a line of another form is among the `others`. */
export function parseJournal(lines: Iterable<string>): Journal {
  const steps: JournalStep[] = []
  const counters: CheckpointCounter[] = []
  const others: { line: number; text: string }[] = []
  let line = 0
  for (const raw of lines) {
    line += 1
    const text = raw.trimEnd()
    const counter = COUNTER.exec(text)
    if (counter !== null) {
      counters.push({
        line,
        checkpoint: Number(counter[1]),
        fd: Number(counter[2]),
        vcpu: counter[3] === undefined ? null : Number(counter[3]),
        name: counter[4] ?? '',
        value: Number(counter[5]),
      })
      continue
    }
    const step = STEP.exec(text)
    if (step !== null) steps.push({ line, number: Number(step[1]), text: step[2] ?? '' })
    else if (text !== '') others.push({ line, text })
  }
  return { steps, counters, others }
}

/** The counters of one checkpoint. */
export function countersAt(journal: Journal, checkpoint: number): readonly CheckpointCounter[] {
  return journal.counters.filter((counter) => counter.checkpoint === checkpoint)
}
