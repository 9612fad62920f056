/**
 * A file as a source of bytes: small ones are read at once and closed, large ones in windows as they are needed.
 */
import { reasonOf, TapeError } from '../error.ts'
import { ALIGNMENT_BYTES } from '../layout.ts'
import { sourceOf, type TapeSource } from '../source.ts'
import { codeOf, type TapeFileSystem } from './system.ts'

/** Files up to this are read at once: nothing stays open, and nobody can change them under the reader. */
const WHOLE_BYTES_MAX = 64 * 2 ** 20

const WINDOW_BYTES = 2 ** 20

/**
 * @param wholeBytesMax files up to this size are read at once.
 * @throws TapeError TAPE004 for a directory, TAPE005 for what cannot be read.
 */
export function openSource(
  path: string,
  fileSystem: TapeFileSystem,
  wholeBytesMax: number = WHOLE_BYTES_MAX,
): TapeSource {
  // Asked before it is opened: opening a pipe would wait for its other end.
  refuseNonFile(path, fileSystem)
  const file = attempt(path, () => fileSystem.open(path, 'r'))
  let keepsOpen = false
  try {
    const size = attempt(path, () => fileSystem.size(file))
    if (size <= wholeBytesMax) return sourceOf(readAll(path, fileSystem, file, 0, size), path)
    keepsOpen = true
    return windowed(path, fileSystem, file, size)
  } finally {
    if (!keepsOpen) fileSystem.close(file)
  }
}

/** @throws TapeError TAPE004 or TAPE005. */
function refuseNonFile(path: string, fileSystem: TapeFileSystem): void {
  const { kind } = attempt(path, () => fileSystem.stat(path))
  if (kind === 'directory') throw new TapeError('TAPE004', 'a tape was wanted, and this is a directory', { path })
  if (kind === 'other')
    throw new TapeError('TAPE005', 'a tape must be a regular file, and this is a device, pipe or socket', { path })
}

function windowed(path: string, fileSystem: TapeFileSystem, file: number, size: number): TapeSource {
  let start = 0
  let window = new Uint8Array(0)
  let open = true
  return {
    path,
    size,
    read(offset, length) {
      if (offset < start || offset + length > start + window.length) {
        if (!open) throw new TapeError('TAPE010', 'the tape was closed, and is read from', { path, offset })
        // A window of its own for each piece: frames that were handed out stay as they are.
        start = offset - (offset % ALIGNMENT_BYTES)
        const wanted = Math.max(WINDOW_BYTES, offset + length - start)
        window = readAll(path, fileSystem, file, start, Math.min(wanted, size - start))
      }
      return window.subarray(offset - start, offset - start + length)
    },
    close() {
      if (open) fileSystem.close(file)
      open = false
    },
  }
}

function readAll(
  path: string,
  fileSystem: TapeFileSystem,
  file: number,
  position: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const rest = bytes.subarray(done)
    const at = position + done
    const read = attempt(path, () => fileSystem.read(file, rest, length - done, at), at)
    if (read === 0)
      throw new TapeError(
        'TAPE015',
        `the file should have ${position + length} bytes and ended at byte ${at}: it became shorter while it was read`,
        {
          path,
          offset: at,
        },
      )
    done += read
  }
  return bytes
}

/** Runs `action`; what the file system throws becomes one sentence. */
function attempt<Result>(path: string, action: () => Result, offset?: number): Result {
  try {
    return action()
  } catch (cause) {
    if (codeOf(cause) === 'EISDIR')
      throw new TapeError('TAPE004', 'a tape was wanted, and this is a directory', { path, cause })
    const sentence =
      codeOf(cause) === 'ENOENT'
        ? 'a tape was wanted, and there is no such file'
        : codeOf(cause) === 'EACCES' || codeOf(cause) === 'EPERM'
          ? 'a tape was wanted, and this user may not read it'
          : `reading the tape failed: ${reasonOf(cause)}`
    throw new TapeError('TAPE005', sentence, { path, offset, cause })
  }
}
