/** Judging a run or a tape whose design is known, or is not. */
import type { Design } from '../design/design.ts'
import { sourcesOf } from '../engine/routines.ts'
import type { MonitorOptions } from '../invariant/index.ts'

/** What a monitor has to know of the design that it judges; null where nobody knows which it was. */
export function aboutDesign(design: Design | null): Pick<MonitorOptions, 'sourceOf' | 'memoryFrom'> {
  return { sourceOf: sourcesOf(design), memoryFrom: design?.memoryFrom }
}
