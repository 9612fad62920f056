/**
 * Output in lines, gathered into pieces: a pipe takes few large writes much quicker than many small ones.
 */
import type { Terminal } from './terminal.ts'

/** Characters from which on a piece is printed. */
const PIECE_LENGTH = 2 ** 16

export class Lines {
  readonly #terminal: Terminal
  #waiting: string[] = []
  #length = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Await it: it waits while the reader is slow. */
  async print(line: string): Promise<void> {
    this.#waiting.push(line, '\n')
    this.#length += line.length + 1
    if (this.#length >= PIECE_LENGTH) await this.flush()
  }

  async printAll(lines: Iterable<string>): Promise<void> {
    for (const line of lines) await this.print(line)
  }

  /** Prints what is waiting. */
  async flush(): Promise<void> {
    const piece = this.#waiting.join('')
    this.#waiting = []
    this.#length = 0
    if (piece !== '') await this.#terminal.print(piece)
  }
}
