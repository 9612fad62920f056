/**
 * One round of one variant, in a process of its own: neither compiled code nor garbage of another helps or hurts it.
 */
import { live, liveUnrecorded } from '../kernels/live.ts'
import { plainTables, replay } from '../kernels/replay.ts'
import type { Ask, Kernel } from './measure.ts'

const KERNELS: Readonly<Record<string, Kernel>> = { live, liveUnrecorded, plainTables, replay }

const [name = '', ask = '{}'] = process.argv.slice(2)
const kernel = KERNELS[name]
if (kernel === undefined) throw new TypeError(`a kernel was wanted, and '${name}' was given`)
console.log(JSON.stringify(kernel(JSON.parse(ask) as Ask)))
