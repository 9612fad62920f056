import type { Design } from '../design/design.ts';
import { Run } from '../engine/run.ts';
import type { TapeReader } from '../tape/reader.ts';
/**
 * @param seq a moment of the tape. Where it lies in the middle of a step, the run goes on from the end of that step.
 * @throws Defect where an event cannot be true in the world before it.
 */
export declare function runAt(reader: TapeReader, design: Design, seq: number): Run;
