/**
 * A tape made of its text, byte by byte as it was: what decides about bytes, segments, seals and indexes, is in the text.
 */
import type { Recorded } from '../../../events/event.ts'
import { UserError } from '../../errors.ts'
import { TapeError } from '../error.ts'
import { decodeHeader, encodeHeader } from '../header.ts'
import { recordedCodec } from '../packing.ts'
import { parseTextLine, type TextLine } from '../text/parse.ts'
import { TEXT_VERSION } from '../text/print.ts'
import { compress } from './means.ts'
import { nodeFileSystem, type TapeFileSystem } from './system.ts'
import { TapeWriter } from './writer.ts'

/** The disk is waited for once, at the end. */
const SYNC = Number.MAX_SAFE_INTEGER

type LineOf<Kind extends TextLine['kind']> = Extract<TextLine, { readonly kind: Kind }>

/** A segment whose events are still being read. */
type Open = { readonly segment: LineOf<'segment'>; readonly items: Recorded[] }

export type Packed = { readonly events: number; readonly bytes: number }

/** Takes the lines of one tape, in order. The tape is made beside its path, so that it is there whole or not at all. */
export class Packer {
  readonly #path: string
  readonly #beside: string
  readonly #fileSystem: TapeFileSystem
  #writer: TapeWriter | null = null
  /** Whether the writer compresses; the text says so of each frame. */
  #seals = false
  #open: Open | null = null
  #events = 0
  #ended = false

  /** @throws TapeError TAPE007 when there is a file at `path`. */
  constructor(path: string, fileSystem: TapeFileSystem = nodeFileSystem) {
    this.#path = path
    this.#beside = `${path}.part`
    this.#fileSystem = fileSystem
    if (exists(path, fileSystem))
      throw new TapeError('TAPE007', 'a new tape was wanted, and there is a file already', { path })
  }

  /** @param place `FILE:LINE`. @throws UserError when the line is none, or cannot come here. */
  take(line: string, place: string): void {
    const read = parseTextLine(line, place)
    if (this.#ended) throw new UserError(`${place}: wanted nothing after the end, found another line.`)
    try {
      this.#put(read, place)
    } catch (cause) {
      // The tape's own sentence says what cannot be; the text's says where.
      if (cause instanceof TapeError && cause.code === 'TAPE014') throw new UserError(`${place}: ${cause.message}`)
      throw cause
    }
  }

  /** @param place of the end of the text. @throws UserError when the text is not whole. */
  finish(place: string): Packed {
    const writer = this.#begun(place)
    if (!this.#ended) throw new UserError(`${place}: wanted a last line {"end":…}, and the text is cut off before it.`)
    this.#fileSystem.rename(this.#beside, this.#path)
    this.#fileSystem.syncName(this.#path)
    this.#writer = null
    return { events: this.#events, bytes: writer.bytes }
  }

  /** Leaves nothing behind. Call it when something was thrown. */
  abandon(): void {
    if (this.#writer === null) return
    this.#writer.abandon()
    this.#fileSystem.remove(this.#beside)
    this.#writer = null
  }

  #put(line: TextLine, place: string): void {
    if (line.kind === 'tape') {
      this.#begin(line, place)
      return
    }
    const writer = this.#begun(place)
    if (line.kind === 'event') {
      this.#putEvent(line.recorded, place)
      return
    }
    const { segment, items } = this.#open ?? {}
    if (segment !== undefined && items !== undefined)
      throw new UserError(
        `${place}: wanted event ${segment.seq + items.length} of a segment of ${segment.count}, found ${line.kind}.`,
      )
    switch (line.kind) {
      case 'segment':
        this.#open = { segment: line, items: [] }
        return
      case 'snapshot':
        this.#writerFor(line.sealed, line.payload).appendSnapshot(line.seq, line.payload)
        return
      case 'note':
        writer.appendNote(line.seq, line.text)
        return
      case 'index':
        writer.close()
        this.#resume(this.#seals)
        return
      case 'end':
        this.#end(writer, line.closed)
        return
    }
  }

  #begin({ text, header, bytes }: LineOf<'tape'>, place: string): void {
    if (this.#writer !== null) throw new UserError(`${place}: wanted one tape, found the first line of another.`)
    if (text !== TEXT_VERSION)
      throw new UserError(`${place}: tape.text: wanted version ${TEXT_VERSION} of the text, found ${text}.`)
    const payload = bytes ?? encodeHeader(header)
    decodeHeader(payload, place)
    const options = { overwrite: true, sync: SYNC, fileSystem: this.#fileSystem }
    this.#writer = TapeWriter.createWith(this.#beside, payload, options)
  }

  #begun(place: string): TapeWriter {
    if (this.#writer === null)
      throw new UserError(`${place}: wanted the first line of a tape's text, {"tape":…}, found none.`)
    return this.#writer
  }

  #putEvent(recorded: Recorded, place: string): void {
    if (this.#open === null)
      throw new UserError(`${place}: wanted a segment line before its events, found event ${recorded.seq}.`)
    const { segment, items } = this.#open
    const wanted = segment.seq + items.length
    if (recorded.seq !== wanted) throw new UserError(`${place}: seq: wanted ${wanted}, found ${recorded.seq}.`)
    items.push(recorded)
    if (items.length < segment.count) return
    this.#open = null
    const payload = segment.bytes ?? recordedCodec.encode(items, segment.seq)
    this.#writerFor(segment.sealed, payload).appendEvents(payload, segment.count, segment.seq)
    this.#events += segment.count
  }

  /** A writer that stores `payload` as the text says: sealed, plain, or plain because sealing was of no use. */
  #writerFor(sealed: boolean, payload: Uint8Array): TapeWriter {
    const seals = sealed || (this.#seals && compress(payload).length >= payload.length)
    if (seals !== this.#seals) {
      this.#writer?.sync()
      this.#writer?.abandon()
      this.#resume(seals)
    }
    return this.#writer as TapeWriter
  }

  #resume(seal: boolean): void {
    this.#seals = seal
    this.#writer = TapeWriter.resume(this.#beside, { seal, sync: SYNC, fileSystem: this.#fileSystem })
  }

  #end(writer: TapeWriter, closed: boolean): void {
    this.#ended = true
    if (closed) writer.close()
    else {
      writer.sync()
      writer.abandon()
    }
  }
}

function exists(path: string, fileSystem: TapeFileSystem): boolean {
  try {
    fileSystem.stat(path)
    return true
  } catch {
    return false
  }
}
