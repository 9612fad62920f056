/**
 * A program that writes a tape and kills itself, for the tests of crashes. It is killed as by `kill -9`, in the middle
 * of whatever it does; no handler runs.
 *
 * Arguments: the path of the tape; the point at which to die, as `write:3:half`: before, half-way through or after the
 * third write, or `sync:2:before` and `:after`; or `never`, to go on until killed from outside. Each acknowledged event
 * is told on the standard output as soon as it is.
 */
import { writeSync } from 'node:fs'
import { nodeFileSystem } from '../../src/tape/file/system.ts'
import { type TapeFileSystem, TapeWriter } from '../../src/tape/file.ts'
import { append, crashParts, header, payloadOf } from './tapes.ts'

const [path = '', point = 'never'] = process.argv.slice(2)
const [operation, place, moment] = point.split(':')
const counts = { write: 0, sync: 0 }

/** Whether the point to die at is this one. */
function reached(name: 'write' | 'sync', when: string): boolean {
  return operation === name && Number(place) === counts[name] && moment === when
}

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

const fileSystem: TapeFileSystem = {
  ...nodeFileSystem,
  write(file, bytes, offset, length, position) {
    counts.write += 1
    if (reached('write', 'before')) die()
    if (reached('write', 'half')) {
      nodeFileSystem.write(file, bytes, offset, Math.floor(length / 2), position)
      die()
    }
    const written = nodeFileSystem.write(file, bytes, offset, length, position)
    if (reached('write', 'after')) die()
    return written
  },
  sync(file) {
    counts.sync += 1
    if (reached('sync', 'before')) die()
    nodeFileSystem.sync(file)
    if (reached('sync', 'after')) die()
  },
}

const writer = TapeWriter.create(path, header, { fileSystem, sync: 'segment' })
if (point === 'never')
  for (let seq = 1; ; seq += 50) {
    writer.appendEvents(payloadOf(50, seq), 50, seq)
    if (seq % 500 === 1) writer.appendSnapshot(writer.lastSeq, payloadOf(3000, seq))
    writeSync(1, `${writer.acknowledged}\n`)
  }
for (const part of crashParts) {
  append(writer, [part])
  writeSync(1, `${writer.acknowledged}\n`)
}
writer.close()
