/**
 * What a file that is no tape seems to be, so that the message can say more than "bad magic".
 */
import { MAGIC } from './layout.ts'

const SIGNATURES: readonly { readonly start: readonly number[]; readonly name: string }[] = [
  { start: [0x89, 0x50, 0x4e, 0x47], name: 'a PNG picture' },
  { start: [0xff, 0xd8, 0xff], name: 'a JPEG picture' },
  { start: [0x1f, 0x8b], name: 'gzip-compressed data' },
  { start: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd-compressed data' },
  { start: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'xz-compressed data' },
  { start: [0x42, 0x5a, 0x68], name: 'bzip2-compressed data' },
  { start: [0x50, 0x4b, 0x03, 0x04], name: 'a ZIP archive' },
  { start: [0x7f, 0x45, 0x4c, 0x46], name: 'an ELF program or core dump' },
  { start: [0x25, 0x50, 0x44, 0x46], name: 'a PDF document' },
  { start: [0x51, 0x46, 0x49, 0xfb], name: 'a QEMU disk image' },
  { start: Array.from('SQLite format 3', (letter) => letter.charCodeAt(0)), name: 'an SQLite database' },
  { start: [0x17, 0x08, 0x44], name: 'a trace.dat of trace-cmd' },
]

/** `start` is the first bytes of the file, a few hundred at most. */
export function looksLike(start: Uint8Array): string {
  if (start[0] === MAGIC[0] && start[1] === MAGIC[1] && start[2] === MAGIC[2] && start.includes(0x0a))
    return 'a tape whose first bytes were damaged, as by a copy in text mode'
  const same = MAGIC.filter((byte, index) => start[index] === byte).length
  if (same >= MAGIC.length / 2) return 'a tape whose first bytes were damaged'
  for (const { start: wanted, name } of SIGNATURES)
    if (wanted.every((byte, index) => start[index] === byte)) return name
  if (start.every((byte) => byte === 0)) return 'zeros'
  return textOf(start) ?? 'some other binary file'
}

function textOf(start: Uint8Array): string | null {
  let text: string
  try {
    // `stream` lets the last character be cut in half.
    text = new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true })
  } catch {
    return null
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary from text.
  if (/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text)) return null
  const first = text.trimStart().charAt(0)
  return first === '{' || first === '[' ? 'JSON' : 'text'
}
