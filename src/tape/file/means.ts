/**
 * What Node has for tapes: checksums by its zlib and OpenSSL, and brotli.
 */
import { createHash } from 'node:crypto'
import { brotliCompressSync, brotliDecompressSync, constants, crc32 } from 'node:zlib'
import type { Checksums } from '../frame.ts'
import type { ReadingMeans } from '../reader.ts'

const checksums: Checksums = {
  crc32,
  sha256: (head, body) => createHash('sha256').update(head).update(body).digest(),
}

export const nodeMeans: Required<ReadingMeans> = {
  checksums,
  // The bound keeps a damaged or hostile payload from filling the memory; a zero bound is refused by zlib.
  expand: (stored, expandedBytes) => brotliDecompressSync(stored, { maxOutputLength: Math.max(1, expandedBytes) }),
}

/**
 * Brotli at quality 1: on columns as small as at higher qualities and many times quicker, and Node 20 has it,
 * unlike zstd.
 */
export function compress(payload: Uint8Array): Uint8Array {
  return brotliCompressSync(payload, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 1,
      [constants.BROTLI_PARAM_SIZE_HINT]: payload.length,
    },
  })
}
