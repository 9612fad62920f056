/**
 * A file system in memory that can be told to fail at any call, to be full, and to lose its power: then what was not
 * waited for is on the disk in parts, or not at all.
 */
import type { TapeFileSystem } from '../../src/tape/file.ts'

/** Calls that can be made to fail. */
export type CallName = 'open' | 'size' | 'write' | 'truncate' | 'sync' | 'syncName' | 'close'

/** What a call is to do instead: write only some bytes, or fail after having written some. */
export type Fault = { readonly short: number } | { readonly errno: string; readonly after?: number }

type Operation = { readonly position: number; readonly bytes: Uint8Array } | { readonly cutTo: number }

type MemoryFile = {
  bytes: Uint8Array
  /** As it is on the disk for certain. */
  durable: Uint8Array
  named: boolean
  /** What was done since; a power cut may keep any part of it. */
  pending: Operation[]
}

/** What a disk is asked to keep or lose of one sector of one write. */
export type Survives = (operation: number, sector: number) => boolean

const SECTOR_BYTES = 512

export class MemoryFiles implements TapeFileSystem {
  readonly files = new Map<string, MemoryFile>()
  readonly calls: CallName[] = []
  /** Asked before each call, by its place among all calls. */
  fault: (call: number, name: CallName) => Fault | null = () => null
  /** Bytes that all files together may have. */
  capacity = Number.POSITIVE_INFINITY
  readonly #open = new Map<number, string>()
  #next = 3

  get openFiles(): number {
    return this.#open.size
  }

  open(path: string, flags: 'r' | 'r+' | 'w+' | 'wx+'): number {
    this.#called('open')
    const found = this.files.get(path)
    if (found === undefined && flags.startsWith('r')) throw errorOf('ENOENT')
    if (found !== undefined && flags === 'wx+') throw errorOf('EEXIST')
    if (found === undefined)
      this.files.set(path, { bytes: new Uint8Array(0), durable: new Uint8Array(0), named: false, pending: [] })
    else if (flags === 'w+') this.#cut(found, 0)
    this.#next += 1
    this.#open.set(this.#next, path)
    return this.#next
  }

  stat(path: string): { kind: 'file'; size: number } {
    const file = this.files.get(path)
    if (file === undefined) throw errorOf('ENOENT')
    return { kind: 'file', size: file.bytes.length }
  }

  size(file: number): number {
    this.#called('size')
    return this.#at(file).bytes.length
  }

  read(file: number, into: Uint8Array, length: number, position: number): number {
    const part = this.#at(file).bytes.subarray(position, position + length)
    into.set(part)
    return part.length
  }

  write(file: number, bytes: Uint8Array, offset: number, length: number, position: number): number {
    const fault = this.#fault('write')
    const target = this.#at(file)
    const wanted = fault === null ? length : Math.min(length, 'short' in fault ? fault.short : (fault.after ?? 0))
    const used = [...this.files.values()].reduce((sum, { bytes: { length: size } }) => sum + size, 0)
    const room = Math.max(0, this.capacity - used + target.bytes.length - position)
    const written = Math.min(wanted, room)
    if (written > 0) {
      const part = bytes.slice(offset, offset + written)
      const grown = new Uint8Array(Math.max(target.bytes.length, position + written))
      grown.set(target.bytes)
      grown.set(part, position)
      target.bytes = grown
      target.pending.push({ position, bytes: part })
    }
    if (fault !== null && 'errno' in fault) throw errorOf(fault.errno)
    if (written === 0 && length > 0 && wanted > 0) throw errorOf('ENOSPC')
    return written
  }

  truncate(file: number, length: number): void {
    this.#called('truncate')
    this.#cut(this.#at(file), length)
  }

  sync(file: number): void {
    this.#called('sync')
    const target = this.#at(file)
    target.durable = target.bytes.slice()
    target.pending = []
  }

  syncName(path: string): void {
    this.#called('syncName')
    const file = this.files.get(path)
    if (file !== undefined) file.named = true
  }

  close(file: number): void {
    this.#open.delete(file)
    this.#called('close')
  }

  rename(from: string, to: string): void {
    const file = this.files.get(from)
    if (file === undefined) throw errorOf('ENOENT')
    this.files.delete(from)
    this.files.set(to, file)
  }

  remove(path: string): void {
    if (!this.files.delete(path)) throw errorOf('ENOENT')
  }

  /** The file as the next start finds it after a power cut; null when not even its name is there. */
  afterPowerCut(path: string, survives: Survives): Uint8Array | null {
    const file = this.files.get(path)
    if (file === undefined || !file.named) return null
    let image: Uint8Array = file.durable.slice()
    for (const [index, operation] of file.pending.entries()) {
      if ('cutTo' in operation) {
        if (survives(index, 0)) image = image.slice(0, operation.cutTo)
        continue
      }
      const { position, bytes } = operation
      for (let at = 0, sector = 0; at < bytes.length; sector++) {
        // Sectors are those of the file, not of the write.
        const stop = Math.min(bytes.length, at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES))
        if (survives(index, sector)) {
          const grown = new Uint8Array(Math.max(image.length, position + stop))
          grown.set(image)
          grown.set(bytes.subarray(at, stop), position + at)
          image = grown
        }
        at = stop
      }
    }
    return image
  }

  #cut(file: MemoryFile, length: number): void {
    const cut = new Uint8Array(length)
    cut.set(file.bytes.subarray(0, length))
    file.bytes = cut
    file.pending.push({ cutTo: length })
  }

  #at(file: number): MemoryFile {
    const path = this.#open.get(file)
    const found = path === undefined ? undefined : this.files.get(path)
    if (found === undefined) throw errorOf('EBADF')
    return found
  }

  #called(name: CallName): void {
    const fault = this.#fault(name)
    if (fault !== null && 'errno' in fault) throw errorOf(fault.errno)
  }

  #fault(name: CallName): Fault | null {
    const call = this.calls.length
    this.calls.push(name)
    return this.fault(call, name)
  }
}

/** An error as node:fs throws it. */
function errorOf(code: string): Error {
  return Object.assign(new Error(`${code}: made to fail`), { code })
}
