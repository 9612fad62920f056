/**
 * Tells two states of one design apart: the digest of its machines as they are drawn. A tape names the digest of the
 * design that made it, so that a replay that decides differently can say that the design has changed since.
 */
import type { AnyStateMachine } from 'xstate'
import { hash53 } from '../model/memory/hash.ts'
import type { Design } from './design.ts'

/** What a machine's chart says, with functions by name only. */
function drawn(machine: AnyStateMachine): string {
  return JSON.stringify(machine.config, (_, value: unknown) =>
    typeof value === 'function' ? `${value.name}()` : value,
  )
}

/** 53 bits in hex. */
export function digestOfDesign(design: Design): string {
  const text = Object.entries(design.routines)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([command, machine]) => `${command} ${drawn(machine)}`)
    .concat(Object.keys(design.primitives).sort())
    .join('\n')
  return hash53(new TextEncoder().encode(text), 0).toString(16)
}
