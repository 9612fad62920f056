/**
 * The subjects that a step has touched. The lists of the frequent ones are kept from step to step, so that an event
 * costs no object.
 */

/** Longer lists are given back after the step that needed them. */
const KEPT = 4096

/** Pairs of numbers in order of arrival; a neighbour that is the same is left out. */
class Pairs {
  a: number[] = []
  b: number[] = []
  length = 0

  add(a: number, b: number): void {
    const last = this.length - 1
    if (last >= 0 && this.a[last] === a && this.b[last] === b) return
    this.a[this.length] = a
    this.b[this.length] = b
    this.length += 1
  }

  /** Takes a pair out; whether it was there. */
  take(a: number, b: number): boolean {
    for (let i = 0; i < this.length; i += 1) {
      if (this.a[i] !== a || this.b[i] !== b) continue
      this.length -= 1
      this.a[i] = this.a[this.length] as number
      this.b[i] = this.b[this.length] as number
      return true
    }
    return false
  }

  clear(): void {
    if (this.length > KEPT) {
      this.a = []
      this.b = []
    }
    this.length = 0
  }
}

/** Subjects by number. */
class Subjects {
  readonly objects = new Set<number>()
  readonly vms = new Set<number>()
  readonly processes = new Set<number>()
  device = false

  get isEmpty(): boolean {
    return this.objects.size === 0 && this.vms.size === 0 && this.processes.size === 0 && !this.device
  }

  clear(): void {
    this.objects.clear()
    this.vms.clear()
    this.processes.clear()
    this.device = false
  }
}

/** What a step has touched. */
export class Dirty {
  readonly leaves = new Pairs()
  /** Process leaves whose other end, in a guest, has changed. */
  readonly partners = new Pairs()
  /** Nested leaves that were entered. */
  readonly entered = new Pairs()
  readonly frames = new Pairs()
  readonly pmaps = new Pairs()
  /** To be looked at when the step ends. */
  readonly now = new Subjects()
  /** To be looked at when the host is at rest. */
  readonly later = new Subjects()
  /** All leaves of which something is wrong are looked at again. */
  deviants = false

  clear(): void {
    this.leaves.clear()
    this.partners.clear()
    this.entered.clear()
    this.frames.clear()
    this.pmaps.clear()
    if (!this.now.isEmpty) this.now.clear()
    if (!this.later.isEmpty) this.later.clear()
    this.deviants = false
  }
}
