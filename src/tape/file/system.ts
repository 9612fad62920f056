/**
 * The few things that a tape asks of a file system, as a value, so that a test can let each of them fail.
 */
import fs from 'node:fs'
import { dirname } from 'node:path'

export type FileKind = 'file' | 'directory' | 'other'

/** Every function throws as node:fs does, with `code` on the error. Offsets and lengths are in bytes. */
export type TapeFileSystem = {
  /** @param flags as open(3) of the C library: 'r', 'r+', 'w+', or 'wx+' to refuse an existing file. */
  open(path: string, flags: 'r' | 'r+' | 'w+' | 'wx+'): number
  stat(path: string): { readonly kind: FileKind; readonly size: number }
  size(file: number): number
  /** May read less than was asked; zero at the end of the file. */
  read(file: number, into: Uint8Array, length: number, position: number): number
  /** May write less than was asked. */
  write(file: number, bytes: Uint8Array, offset: number, length: number, position: number): number
  truncate(file: number, length: number): void
  /** Returns once the content, and the length to read it by, are on the disk: fdatasync(2). */
  sync(file: number): void
  /** Returns once the name of the file at `path` is on the disk. */
  syncName(path: string): void
  close(file: number): void
  rename(from: string, to: string): void
  remove(path: string): void
}

export const nodeFileSystem: TapeFileSystem = {
  open: (path, flags) => fs.openSync(path, flags),
  stat(path) {
    const stats = fs.statSync(path)
    return { kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other', size: stats.size }
  },
  size: (file) => fs.fstatSync(file).size,
  read: (file, into, length, position) => fs.readSync(file, into, 0, length, position),
  write: (file, bytes, offset, length, position) => fs.writeSync(file, bytes, offset, length, position),
  truncate: (file, length) => fs.ftruncateSync(file, length),
  sync: (file) => fs.fdatasyncSync(file),
  syncName(path) {
    const directory = fs.openSync(dirname(path), 'r')
    try {
      fs.fsyncSync(directory)
    } finally {
      fs.closeSync(directory)
    }
  },
  close: (file) => fs.closeSync(file),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.unlinkSync(path),
}

/** The code of an error of the file system, such as ENOSPC; '' when it has none. */
export function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
}
