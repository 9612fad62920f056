/**
 * A progress bar for long work. It shows on a screen only and on stderr only, so that neither a
 * pipe nor a log ever holds one.
 */
import type { Output } from './terminal.ts'

/** What the work reports to; the same calls do nothing where there is no screen. */
export type Progress = {
  /** Says that `done` units of the total are behind us. */
  reach(done: number): void
  /** Ends the bar. Call it in `finally`: a bar left open hides the cursor. */
  close(): void
}

const SILENT: Progress = { reach: () => {}, close: () => {} }

/**
 * Opens a bar on `output`, when that is a screen.
 *
 * @param label what is being done, as in `reading run.tape`.
 * @param total in units of the caller's choice; 0 when there is nothing to do.
 */
export async function openProgress(output: Output, label: string, total: number): Promise<Progress> {
  if (output.isTTY !== true || total <= 0) return SILENT
  // Loaded here, so that a verb whose output is piped does not pay for it.
  const { default: cliProgress } = await import('cli-progress')
  const bar = new cliProgress.SingleBar({
    stream: output,
    format: `${label} {bar} {percentage}% {eta_formatted}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
  })
  bar.start(total, 0)
  return { reach: (done) => bar.update(Math.min(done, total)), close: () => bar.stop() }
}
