/**
 * Judges a world from scratch: each claim about each subject, in the plainest way. The monitor must say the same.
 */
import type { World } from '../model/world.ts'
import { subjectText } from './facts.ts'
import type { Claim, Finding, SubjectKind } from './invariant.ts'
import { CLAIMS } from './invariants.ts'
import { objectsOf } from './references.ts'

/** Pages that a pmap can map. */
const PAGES_MAX = 2 ** 36

/** Calls back for each subject of a kind that the world has. */
export function eachSubject(world: World, about: SubjectKind, visit: (a: number, b: number) => void): void {
  switch (about) {
    case 'leaf':
      for (const { ref } of Object.values(world.pmaps)) {
        world.memory.eachLeaf(ref, 0, PAGES_MAX, (page, _, level) => {
          // vmm(4) and the model's processes map 4 KiB pages only; a larger leaf is not its doing.
          if (level === 1) visit(ref, page)
        })
      }
      return
    case 'frame':
      world.memory.eachFrame((frame) => visit(frame, 0))
      return
    case 'pmap':
      for (const { ref } of Object.values(world.pmaps)) visit(ref, 0)
      return
    case 'object':
      for (const object of objectsOf(world)) visit(object, 0)
      return
    case 'vm':
      for (const { ref } of Object.values(world.vms)) visit(ref, 0)
      return
    case 'process':
      for (const { pid } of Object.values(world.processes)) visit(pid, 0)
      return
    case 'device':
      visit(0, 0)
  }
}

/** A claim that does not hold of a subject. */
export type Counterexample = Finding & { readonly claim: Claim; readonly a: number; readonly b: number }

/** Every counterexample to the claims that are judged at that time, in a state between steps. */
export function counterexamples(
  world: World,
  when: Claim['when'],
  claims: readonly Claim[] = CLAIMS,
): readonly Counterexample[] {
  const found: Counterexample[] = []
  for (const claim of claims) {
    if (claim.when !== when) continue
    eachSubject(world, claim.about, (a, b) => {
      const sentence = claim.of(world, a, b)
      if (sentence !== null) found.push({ claim, a, b, subject: subjectText(world, claim.about, a, b), sentence })
    })
  }
  return found
}

/** Why a claim does not hold in a world, by its first subject; null when it holds. */
export function counterexample(claim: Claim, world: World): string | null {
  const [first] = counterexamples(world, claim.when, [claim])
  return first === undefined ? null : `${first.subject}: ${first.sentence}`
}
