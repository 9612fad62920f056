/**
 * One round of one variant, in a process of its own: neither compiled code nor garbage of another helps or hurts it.
 */

import type { Ask, Kernel } from './harness/measure.ts'
import { live, liveJudged, liveUnrecorded, seal } from './kernels/live.ts'
import { look, watchAlone, watchInvariants } from './kernels/look.ts'
import { peer, peerByFault } from './kernels/peer.ts'
import { plainTables, replay } from './kernels/replay.ts'
import { stepByHand, stepCompiled, stepSend, stepTransition } from './kernels/steps.ts'

const KERNELS: Readonly<Record<string, Kernel>> = {
  live,
  liveJudged,
  liveUnrecorded,
  look,
  peer,
  peerByFault,
  plainTables,
  replay,
  seal,
  stepByHand,
  stepCompiled,
  stepSend,
  stepTransition,
  watchAlone,
  watchInvariants,
}

const [name = '', ask = '{}'] = process.argv.slice(2)
const kernel = KERNELS[name]
if (kernel === undefined) throw new TypeError(`a kernel was wanted, and '${name}' was given`)
console.log(JSON.stringify(kernel(JSON.parse(ask) as Ask)))
