/**
 * A run that goes on from a moment of a tape, with the engine of the design that made it.
 */
import { type Boot, DEFAULT_BOOT } from '../../events/boot.ts'
import type { Design } from '../design/design.ts'
import { Run } from '../engine/run.ts'
import { endsStep } from '../invariant/invariant.ts'
import { driverOf } from '../reduce/drivers.ts'
import { beginning } from '../replay/timeline.ts'
import { itemsOf } from '../tape/codec.ts'
import { recordedCodec } from '../tape/packing.ts'
import type { TapeReader } from '../tape/reader.ts'

/**
 * @param seq a moment of the tape. Where it lies in the middle of a step, the run goes on from the end of that step.
 * @throws Defect where an event cannot be true in the world before it.
 */
export function runAt(reader: TapeReader, design: Design, seq: number): Run {
  const boot = { ...DEFAULT_BOOT, ...(reader.header.boot as Partial<Boot>) }
  const { world, memory } = beginning(reader, boot, reader.report.accepted.firstSeq ?? 1)
  const driver = driverOf('inPlace', world, memory)
  let between = true
  for (const recorded of itemsOf(reader, recordedCodec)) {
    // A call that has come to its end answers at once.
    if (recorded.seq > seq && between && recorded.event.type !== 'call.replied') break
    driver.replay(recorded)
    between = recorded.place !== null || endsStep(recorded.event, recorded.thread)
  }
  return new Run(design, driver.snapshot(), memory, { design })
}
