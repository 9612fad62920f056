/**
 * Mocha's dots, and a closing line that a person and a script can read: `12 passed, 0 failed`,
 * alone on its line and the last of the run.
 */
import Mocha from 'mocha'

export default class ClosingLine extends Mocha.reporters.Dot {
  override epilogue(): void {
    super.epilogue()
    const { passes, failures, pending } = this.stats
    // Skipped tests have a line of their own, so that the closing line always has one form.
    if (pending > 0) Mocha.reporters.Base.consoleLog(`${pending} skipped`)
    Mocha.reporters.Base.consoleLog(`${passes} passed, ${failures} failed`)
  }
}
