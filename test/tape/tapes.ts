/**
 * Small tapes for the tests: made deterministically, with everything in them that a tape can hold.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CreateOptions, readTape, TapeWriter } from '../../src/tape/file.ts'
import type { TapeHeaderInput } from '../../src/tape/header.ts'
import type { TapeFrame, TapeReader } from '../../src/tape/reader.ts'

export const header: TapeHeaderInput = {
  design: { name: 'aobj-dying', digest: 'a1b2c3' },
  modelVersion: 3,
  boot: { vms: [{ slots: 2, memoryBytes: 2 ** 33 }], mode: 'ept' },
  createdBy: '0.1.0',
}

/** The payload of a frame of events that holds the numbers from `firstSeq` on, one byte each. */
export function payloadOf(count: number, firstSeq: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (firstSeq + index) % 251)
}

/** What a test writes: frames of events by their counts, and between them snapshots and notes. */
export type Part = { readonly events: number } | { readonly snapshot: number } | { readonly note: string }

export const someParts: readonly Part[] = [
  { events: 3 },
  { note: 'the guest booted — «ok»' },
  { events: 1 },
  { snapshot: 100 },
  { events: 13 },
  { events: 2 },
  { snapshot: 7 },
  { note: '' },
]

/** What a writer was to write before it was killed. The snapshot is larger than what a disk takes at once. */
export const crashParts: readonly Part[] = [
  { events: 5 },
  { events: 5 },
  { snapshot: 20000 },
  { note: 'still here' },
  { events: 5 },
]

/** Appends `parts`; seq goes on from where the tape ends. */
export function append(writer: TapeWriter, parts: readonly Part[]): void {
  for (const part of parts) {
    const last = Math.max(0, writer.lastSeq)
    if ('events' in part) writer.appendEvents(payloadOf(part.events, last + 1), part.events, last + 1)
    else if ('snapshot' in part) writer.appendSnapshot(last, payloadOf(part.snapshot, last))
    else writer.appendNote(last, part.note)
  }
}

export function writeTape(path: string, parts: readonly Part[] = someParts, options: CreateOptions = {}): void {
  const writer = TapeWriter.create(path, header, { sync: 'never', ...options })
  append(writer, parts)
  writer.close()
}

/** The frames as plain values that compare by content, without their place in the file. */
export function contentOf(reader: TapeReader): readonly object[] {
  return [...reader.frames()].map(plain)
}

export function plain(frame: TapeFrame): object {
  switch (frame.kind) {
    case 'events':
      return { events: frame.count, firstSeq: frame.firstSeq, payload: Array.from(frame.payload) }
    case 'snapshot':
      return { snapshot: frame.seq, payload: Array.from(frame.payload) }
    case 'note':
      return { note: frame.text, seq: frame.seq }
  }
}

/** The content of the tape at `path` as far as it was accepted. */
export function contentAt(path: string): readonly object[] {
  const reader = readTape(path)
  try {
    return contentOf(reader)
  } finally {
    reader.close()
  }
}

/** A directory of its own for each test of the suite that calls this; the function gives paths in it. */
export function inDirectory(): (name: string) => string {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vmtape-tape-'))
  })
  afterEach(() => {
    rmSync(directory, { recursive: true })
  })
  return (name) => join(directory, name)
}

/** The code of what `action` throws; fails when it throws nothing. */
export function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return String(cause.code)
    throw cause
  }
  throw new Error('nothing was thrown')
}
