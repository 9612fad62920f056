/**
 * Golden files. A snapshot is small, canonical text under snapshots/, one subject each; it changes
 * by `npm run snap` only, and the change is read in review.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'

/**
 * Holds `text` to the snapshot of that name; under `npm run snap` it writes the snapshot.
 *
 * @param name the path below snapshots/, with its ending: `cli/help.txt`.
 */
export function matchesSnapshot(
  name: string,
  text: string,
  { root = 'snapshots', rewrite = process.env.VMTAPE_SNAP === '1' } = {},
): void {
  const path = join(root, name)
  if (rewrite) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return
  }
  expect(existsSync(path), `${path} exists; npm run snap writes it`).to.equal(true)
  expect(text, `${path}; npm run snap rewrites it`).to.equal(readFileSync(path, 'utf8'))
}
