/**
 * Versioned numbers. A *cell* is a place that holds a number, 0 until it is written. Each write is a
 * *record*; a cell holds the index of its last record, and a record names the one before it of the
 * same cell. So the latest value is two array reads; a past value is found by walking back; and a
 * position in the past is only a number, the last record that counts.
 *
 * Few cells are written often. One that is gets a list of its records, in which a past one is found
 * by halving, so that walking back stays short.
 *
 * One of the files that pack words: bit operators are at home here. This is the hottest code of the
 * model: 16 bytes a record, in segments that are never copied.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
import { grown } from './columns.ts'
import { cellsFull, versionBack, versionForgotten, versionOutside } from './defects.ts'
import { CELLS_MAX, VERSIONS_MAX } from './limits.ts'

/** Cells come in chunks of this many, so that 16 neighbouring entries share a cache line. */
export const CHUNK = 16
/** The first chunks are never written: chunk 0 stands for "none", and what is computed from it reads 0. */
const RESERVED_CHUNKS = 6
/** A limit that excludes no record. */
export const LATEST = 0x7fffffff

/** Records of a segment, as a shift and a mask. */
const SHIFT = 15
const MASK = 2 ** SHIFT - 1
const SMALLEST = 64
/** A record is a double, its value, and two words: its cell with its age above, and the record before. */
const CELL = 2
const BEFORE = 3
const AGE_SHIFT = 28
/** A record has counted the writes before it up to here; from here on it is on its cell's list. */
const AGE_LISTED = 15

/** Skipping more versions than this opens a run. */
const SKIPPED_MAX = 64

type Run = { readonly version: number; readonly at: number }

/** Told of each write that is undone: the cell, and the value that it has again. */
export type Undone = (cell: number, from: number, to: number) => void

export class Cells {
  /** The record that last wrote each cell, 0 for none. */
  private last = new Int32Array(RESERVED_CHUNKS * CHUNK * 4)
  /** What each chunk is part of, for its owner to say; see `owner`. */
  private owners = new Int32Array(RESERVED_CHUNKS * 4)
  private chunks = RESERVED_CHUNKS
  /** Where the next single cell is, 0 when a chunk has to be made first. */
  private spare = 0

  /** The segments, each seen as doubles and as words. Record 0 is the value of a cell never written. */
  private values: Float64Array[] = []
  private words: Int32Array[] = []
  /** The segment that is written. */
  private value!: Float64Array
  private word!: Int32Array
  /** The number of the last record; also how many there are. */
  count = 0
  /** The records of each cell that is written often. */
  private lists = new Map<number, number[]>()

  /** The event that writes belong to. */
  version = 0
  /** The first version that can be read. */
  first = 0
  /** Records from here on may be overwritten by the same version. */
  open = 1
  /** The first record of each version, for one run of versions after another. */
  private starts = new Int32Array(16)
  private startCount = 1
  /** A run is a first version and where its starts begin; a new one is opened when versions are skipped. */
  private runs: Run[] = [{ version: 0, at: 0 }]

  /** For each time that records were renumbered or forgotten, the last version that stayed; see `limitAgain`. */
  readonly cuts: number[] = []

  constructor() {
    this.starts[0] = 1
    this.addSegment(SMALLEST)
  }

  // Cells -----------------------------------------------------------------------------------

  /**
   * A block of `count` neighbouring chunks; the cells of chunk c begin at c * CHUNK.
   *
   * @param owner what the cells of the first are, see owners.ts; 0 for what nobody counts. The others follow it.
   */
  allocate(count: number, owner: number): number {
    const chunk = this.chunks
    this.chunks += count
    if (this.chunks * CHUNK > CELLS_MAX) throw cellsFull(this.version)
    if (this.chunks * CHUNK > this.last.length) {
      this.last = grown(this.last, this.chunks * CHUNK)
      this.owners = grown(this.owners, this.last.length / CHUNK)
    }
    if (owner !== 0) for (let at = 0; at < count; at++) this.owners[chunk + at] = owner + at
    return chunk
  }

  /** A single cell that nobody is told of. */
  allocateCell(): number {
    if (this.spare === 0) this.spare = this.allocate(1, 0) * CHUNK
    const cell = this.spare
    this.spare = ((cell + 1) & (CHUNK - 1)) === 0 ? 0 : cell + 1
    return cell
  }

  /** What the owner of a cell's chunk said of it. */
  owner(cell: number): number {
    return this.owners[cell >>> 4]!
  }

  // Writing ---------------------------------------------------------------------------------

  set(cell: number, value: number): void {
    const before = this.last[cell]!
    if (before >= this.open) this.values[before >>> SHIFT]![(before & MASK) << 1] = value
    else this.append(cell, value, before)
  }

  /** Writes a value and gives back the one before it. Quicker than asking first. */
  swap(cell: number, value: number): number {
    const before = this.last[cell]!
    if (before === 0) {
      this.append(cell, value, 0)
      return 0
    }
    const old = this.values[before >>> SHIFT]![(before & MASK) << 1]!
    if (before >= this.open) this.values[before >>> SHIFT]![(before & MASK) << 1] = value
    else this.append(cell, value, before)
    return old
  }

  private append(cell: number, value: number, before: number): void {
    const record = ++this.count
    const at = record & MASK
    if (at << 1 === this.value.length || at === 0) this.extend(at)
    this.last[cell] = record
    this.value[at << 1] = value
    const word = this.word
    word[(at << 2) + CELL] = before === 0 ? cell : this.aged(cell, before, record)
    word[(at << 2) + BEFORE] = before
  }

  /** The word of a record that is not the first of its cell. */
  private aged(cell: number, before: number, record: number): number {
    const age = this.words[before >>> SHIFT]![((before & MASK) << 2) + CELL]! >>> AGE_SHIFT
    if (age < AGE_LISTED - 1) return cell | ((age + 1) << AGE_SHIFT)
    const list = this.lists.get(cell)
    if (list === undefined) this.lists.set(cell, [record])
    else list.push(record)
    return cell | (AGE_LISTED << AGE_SHIFT)
  }

  /** Makes room for the record at `at` of its segment. Only the first segment grows; it begins small. */
  private extend(at: number): void {
    if (at === 0) this.addSegment(MASK + 1)
    else {
      const grownValues = this.value
      this.values.pop()
      this.words.pop()
      this.addSegment(at * 2)
      this.value.set(grownValues)
    }
  }

  private addSegment(records: number): void {
    this.value = new Float64Array(records * 2)
    this.word = new Int32Array(this.value.buffer)
    this.values.push(this.value)
    this.words.push(this.word)
  }

  // Reading ---------------------------------------------------------------------------------

  /** The latest value. */
  get(cell: number): number {
    const record = this.last[cell]!
    // Most cells that are asked for were never written: they need not touch a segment.
    return record === 0 ? 0 : this.values[record >>> SHIFT]![(record & MASK) << 1]!
  }

  /** The value as of record `limit`. */
  at(cell: number, limit: number): number {
    let record = this.last[cell]!
    while (record > limit) record = this.recordBefore(record, limit)
    return this.values[record >>> SHIFT]![(record & MASK) << 1]!
  }

  /** A record of the same cell before `record`: the last up to `limit`, or one that is nearer to it. */
  private recordBefore(record: number, limit: number): number {
    const word = this.words[record >>> SHIFT]!
    const at = (record & MASK) << 2
    const packed = word[at + CELL]!
    if (packed >>> AGE_SHIFT < AGE_LISTED) return word[at + BEFORE]!
    const list = this.lists.get(packed & (CELLS_MAX - 1))!
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (list[middle]! > limit) high = middle
      else low = middle + 1
    }
    // Before the first that is listed comes one that is not.
    return low > 0 ? list[low - 1]! : this.before(list[0]!)
  }

  /** The record before it of the same cell, 0 for none. */
  before(record: number): number {
    return this.words[record >>> SHIFT]![((record & MASK) << 2) + BEFORE]!
  }

  cellOf(record: number): number {
    return this.words[record >>> SHIFT]![((record & MASK) << 2) + CELL]! & (CELLS_MAX - 1)
  }

  valueOf(record: number): number {
    return this.values[record >>> SHIFT]![(record & MASK) << 1]!
  }

  // Time ------------------------------------------------------------------------------------

  /** What is written from here on belongs to event `version`. */
  begin(version: number): void {
    if (version !== this.version + 1) {
      if (version === this.version) return
      if (!(version > this.version && version < VERSIONS_MAX)) throw versionBack(version, this.version)
      this.skipTo(version)
    }
    this.version = version
    this.open = this.count + 1
    if (this.startCount === this.starts.length) this.starts = grown(this.starts, this.startCount + 1)
    this.starts[this.startCount++] = this.open
  }

  /** A few versions that are skipped get starts of their own, as if they had written nothing. */
  private skipTo(version: number): void {
    if (version - this.version > SKIPPED_MAX) this.runs.push({ version, at: this.startCount })
    else while (this.version < version - 1) this.begin(this.version + 1)
  }

  /** For a memory that nothing was written to: its history begins at `version`. */
  startAt(version: number): void {
    this.version = version
    this.first = version
    this.runs = [{ version, at: 0 }]
  }

  /**
   * The last record of `version`, which is how a past moment is named.
   *
   * @throws Defect MEM020 when the version has not come yet or was dropped.
   */
  limitOf(version: number): number {
    if (!(version >= this.first && version <= this.version)) throw versionOutside(version, this.first, this.version)
    if (version === this.version) {
      // What the same event still writes must not show in a view taken before.
      this.open = this.count + 1
      return this.count
    }
    const at = this.startsUpTo(version)
    return at === this.startCount ? this.count : this.starts[at]! - 1
  }

  /** How many starts belong to versions up to this one. */
  private startsUpTo(version: number): number {
    let low = 1
    let high = this.runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.runs[middle]!.version > version) high = middle
      else low = middle + 1
    }
    const run = this.runs[low - 1]!
    return Math.min(run.at + version - run.version + 1, this.runs[low]?.at ?? this.startCount)
  }

  /** Forgets everything after `version`. @returns the limit that is left. */
  truncate(version: number, undone: Undone): number {
    const limit = this.limitOf(version)
    for (; this.count > limit; this.count--) {
      const record = this.count
      const at = (record & MASK) << 2
      const packed = this.words[record >>> SHIFT]![at + CELL]!
      const cell = packed & (CELLS_MAX - 1)
      if (packed >>> AGE_SHIFT === AGE_LISTED) this.unlist(cell)
      const from = this.get(cell)
      this.last[cell] = this.before(record)
      undone(cell, from, this.get(cell))
    }
    const segments = (limit >>> SHIFT) + 1
    this.values.length = segments
    this.words.length = segments
    this.value = this.values[segments - 1]!
    this.word = this.words[segments - 1]!
    this.open = limit + 1
    this.dropStartsAfter(version)
    this.version = version
    this.cuts.push(version)
    return limit
  }

  private dropStartsAfter(version: number): void {
    this.startCount = this.startsUpTo(version)
    while (this.runs.at(-1)!.at >= this.startCount) this.runs.pop()
    // The next version follows on only if the run reaches up to this one.
    const { version: first, at } = this.runs.at(-1)!
    if (first + this.startCount - at - 1 === version) return
    this.runs.push({ version, at: this.startCount })
    this.starts[this.startCount++] = this.open
  }

  private unlist(cell: number): void {
    const list = this.lists.get(cell)!
    list.pop()
    if (list.length === 0) this.lists.delete(cell)
  }

  /**
   * The limit of a version that was read before, when there were `seen` cuts: records may have been
   * renumbered since.
   *
   * @throws Defect MEM021 when it was truncated away in between.
   */
  limitAgain(version: number, seen: number): number {
    for (let cut = seen; cut < this.cuts.length; cut++)
      if (this.cuts[cut]! < version) throw versionForgotten(version, this.version)
    return this.limitOf(version)
  }

  /**
   * Makes `version` the first that can be read. Cost follows the records.
   */
  dropBefore(version: number): void {
    const limit = this.limitOf(version)
    const { values, words, count, last } = this
    const cellOf = (record: number): number =>
      words[record >>> SHIFT]![((record & MASK) << 2) + CELL]! & (CELLS_MAX - 1)
    // Of a record that was dropped, the new number of the nearest that is kept before it.
    const renumbered = new Int32Array(count + 1)
    // The value of each cell at the limit is kept as one record; newer records keep their order.
    const newest = new Int32Array(this.chunks * CHUNK)
    for (let record = 1; record <= limit; record++) newest[cellOf(record)] = record
    this.last = new Int32Array(last.length)
    this.values = []
    this.words = []
    this.lists = new Map()
    this.addSegment(SMALLEST)
    this.count = 0
    for (let record = 1; record <= count; record++) {
      const cell = cellOf(record)
      if (record > limit || newest[cell] === record) {
        this.open = this.count + 1
        this.set(cell, values[record >>> SHIFT]![(record & MASK) << 1]!)
      }
      renumbered[record] = this.count
    }
    this.open = this.count + 1
    this.dropStarts(version, renumbered)
    this.first = version
    this.cuts.push(Number.POSITIVE_INFINITY)
  }

  private dropStarts(version: number, renumbered: Int32Array): void {
    // Counting from the version itself keeps its run whole.
    const dropped = this.startsUpTo(version)
    const starts = this.starts.subarray(dropped, this.startCount)
    const runs = this.runs.filter(({ at }) => at >= dropped).map((run) => ({ ...run, at: run.at - dropped + 1 }))
    this.starts = new Int32Array(starts.length + 16)
    this.starts[0] = 1
    starts.forEach((start, at) => {
      this.starts[at + 1] = renumbered[start - 1]! + 1
    })
    this.startCount = starts.length + 1
    this.runs = [{ version, at: 0 }, ...runs]
  }

  /** Bytes of the cells and of all their records. */
  get bytes(): number {
    const lists = [...this.lists.values()].reduce((sum, list) => sum + list.length, 0)
    return this.chunks * (CHUNK + 1) * 4 + this.startCount * 4 + this.count * 16 + lists * 8
  }
}
