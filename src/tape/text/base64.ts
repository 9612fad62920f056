/**
 * Bytes as base64, by what both Node and a page have.
 */

/** Bytes turned into characters at a time: an argument list has its limits. */
const PIECE_BYTES = 2 ** 15

export function base64(bytes: Uint8Array): string {
  const pieces: string[] = []
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES)))
  return btoa(pieces.join(''))
}

/** The bytes, or undefined when `text` is no base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return undefined
  }
}
