/**
 * The recordings of the real kernel functions, which lie beside the repository.
 */
import { existsSync, readFileSync } from 'node:fs'
import { readVector, type Vector } from '../../src/conform/vector.ts'

const RECORDINGS = new URL('../../../shared/vectors/visible.jsonl', import.meta.url)

/** All vectors, in the order of the file. None where there are no recordings: a clone may stand alone. */
export const VECTORS: readonly Vector[] = existsSync(RECORDINGS)
  ? readFileSync(RECORDINGS, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line, index) => readVector(line, `visible.jsonl:${index + 1}`))
  : []
