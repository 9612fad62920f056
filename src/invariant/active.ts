/**
 * The claims that do not hold at present. A violation is told once, when it begins, and again when it has ended.
 */
import type { World } from '../model/world.ts'
import { subjectText } from './facts.ts'
import type { Claim, SubjectKind, Violation } from './invariant.ts'
import { claimsAbout } from './invariants.ts'

/** The step that is to blame for what is seen. */
export type Cause = Pick<Violation, 'thread' | 'call' | 'place' | 'source'>

export type Tell = (violation: Violation) => void

/** A claim that does not hold of a subject, and the violation that began with it. */
export type Standing = { readonly claim: Claim; readonly a: number; readonly b: number; readonly violation: Violation }

/** One claim and the subjects of which it does not hold. */
type Watch = { readonly claim: Claim; readonly open: Map<string, Standing> }
type Watches = { readonly always: readonly Watch[]; readonly quiescent: readonly Watch[] }

const watch = (claim: Claim): Watch => ({ claim, open: new Map() })

function watchesAbout(about: SubjectKind): Watches {
  return { always: claimsAbout(about, 'always').map(watch), quiescent: claimsAbout(about, 'quiescent').map(watch) }
}

export class Active {
  readonly #watches: Readonly<Record<SubjectKind, Watches>> = {
    leaf: watchesAbout('leaf'),
    frame: watchesAbout('frame'),
    pmap: watchesAbout('pmap'),
    object: watchesAbout('object'),
    vm: watchesAbout('vm'),
    process: watchesAbout('process'),
    device: watchesAbout('device'),
  }
  readonly #report: Tell
  readonly #ended: Tell

  constructor(report: Tell, ended: Tell) {
    this.#report = report
    this.#ended = ended
  }

  /** All that stands. */
  *standing(): Generator<Standing> {
    for (const { always, quiescent } of Object.values(this.#watches)) {
      for (const { open } of [...always, ...quiescent]) yield* open.values()
    }
  }

  /**
   * Asks the claims about one subject, and tells what began and what ended.
   *
   * @returns whether one of them does not hold.
   */
  judge(world: World, about: SubjectKind, a: number, b: number, when: Claim['when'], cause: () => Cause): boolean {
    let wrong = false
    for (const { claim, open } of this.#watches[about][when]) {
      const sentence = claim.of(world, a, b)
      if (sentence !== null) wrong = true
      else if (open.size === 0) continue
      const key = about === 'leaf' ? `${a}:${b}` : `${a}`
      const before = open.get(key)
      if (sentence === null) {
        if (before === undefined) continue
        open.delete(key)
        this.#ended(before.violation)
      } else if (before === undefined) {
        const { id, name, severity } = claim
        const subject = subjectText(world, about, a, b)
        const violation: Violation = { id, name, severity, seq: world.seq, ...cause(), subject, sentence }
        open.set(key, { claim, a, b, violation })
        this.#report(violation)
      }
    }
    return wrong
  }
}
