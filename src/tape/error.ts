/**
 * What can be wrong with a tape, by codes that stay. `docs/tape-format.md` lists them with what to do.
 */

import { type ExitCode, UserError } from '../errors.ts'

/** A code, and what it stands for. Codes are never reused or renumbered. */
export const TAPE_CODES = {
  TAPE001: 'not a tape',
  TAPE002: 'empty file',
  TAPE003: 'format too new',
  TAPE004: 'a directory',
  TAPE005: 'unreadable',
  TAPE006: 'prologue or header damaged',
  TAPE007: 'file exists',
  TAPE008: 'write failed',
  TAPE009: 'sync failed',
  TAPE010: 'writer closed or given up',
  TAPE011: 'frame damaged',
  TAPE012: 'tail to be cut first',
  TAPE013: 'damaged before intact frames',
  TAPE014: 'argument that a tape cannot hold',
  TAPE015: 'changed by somebody else',
  TAPE016: 'column malformed',
  TAPE017: 'payload does not expand',
} as const
export type TapeCode = keyof typeof TAPE_CODES

/** The request was right, and the tape that it looked at is not. */
const FINDINGS: ReadonlySet<TapeCode> = new Set(['TAPE006', 'TAPE011', 'TAPE012', 'TAPE013', 'TAPE016', 'TAPE017'])

/** Where it went wrong, as far as that is known. */
export type TapeErrorPlace = {
  readonly path?: string | undefined
  /** Byte of the file. */
  readonly offset?: number | undefined
  /** Last event known to be durable when writing failed; -1 when none is. */
  readonly acknowledged?: number | undefined
  readonly cause?: unknown
}

/** One sentence that names what was wanted, what was found and where. */
export class TapeError extends UserError {
  readonly code: TapeCode
  readonly path: string | undefined
  readonly offset: number | undefined
  readonly acknowledged: number | undefined

  constructor(code: TapeCode, sentence: string, place: TapeErrorPlace = {}) {
    const subject = place.path === undefined ? '' : `${place.path}: `
    const exitCode: ExitCode = FINDINGS.has(code) ? 1 : 2
    super(`${subject}${sentence} (${code}).`, exitCode)
    this.cause = place.cause
    this.code = code
    this.path = place.path
    this.offset = place.offset
    this.acknowledged = place.acknowledged
  }
}

/** The text of whatever was thrown, for the end of a sentence. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
