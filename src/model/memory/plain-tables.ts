/**
 * Page tables of the oracle: plain objects of up to 512 entries each, and the obvious ways through them.
 */
import { type Level, leafFrame, type Table, type TableLevel, type WalkStep } from '../memory.ts'
import { ENTRY_PAGES, PAGES_MAX } from './limits.ts'
import { indexAt } from './paging.ts'

/** A page-table page: up to 512 entries by index. Integer keys below 2^32 come back in ascending order. */
export type PlainTable = { readonly frame: number; readonly entries: Record<number, PlainEntry> }
type PlainEntry =
  | { readonly kind: 'leaf'; readonly packed: number }
  | { readonly kind: 'table'; readonly table: PlainTable }

const FROM_ROOT = [4, 3, 2, 1] as const

/** The keys of a record by number, in its order. */
export function numberKeys(record: Record<number, unknown>): number[] {
  return Object.keys(record).map(Number)
}

/** The table whose entries are of `level` on the way to `page`. */
export function tableBelow(root: PlainTable | undefined, page: number, level: TableLevel): PlainTable | undefined {
  let table = page >= 0 && page < PAGES_MAX ? root : undefined
  for (let above = 4; above > level && table !== undefined; above--) {
    const entry: PlainEntry | undefined = table.entries[indexAt(page, above as TableLevel)]
    table = entry?.kind === 'table' ? entry.table : undefined
  }
  return table
}

/** What the MMU meets on the way to `page`, down to the first entry that is no table. */
export function stepsFrom(root: PlainTable | undefined, page: number): WalkStep[] {
  const steps: WalkStep[] = []
  for (const level of FROM_ROOT) {
    const table = tableBelow(root, page, level)
    if (table === undefined) break
    const index = indexAt(page, level)
    const entry = table.entries[index]
    steps.push({
      level,
      index,
      table: table.frame,
      entry: entry?.kind ?? 'absent',
      frame: entry === undefined ? null : entry.kind === 'table' ? entry.table.frame : leafFrame(entry.packed),
    })
  }
  return steps
}

/**
 * Visits the leaves that start in a range of pages, ascending.
 *
 * @param base the first page that `table` covers.
 * @returns false when the visitor has seen enough.
 */
export function leavesBelow(
  table: PlainTable,
  level: TableLevel,
  base: number,
  range: { readonly first: number; readonly end: number },
  visit: (page: number, packed: number, level: Level) => boolean | void,
): boolean {
  for (const index of numberKeys(table.entries)) {
    const page = base + index * ENTRY_PAGES[level]
    const entry = table.entries[index]
    if (entry?.kind === 'table') {
      if (!leavesBelow(entry.table, (level - 1) as TableLevel, page, range, visit)) return false
    } else if (entry?.kind === 'leaf' && page >= range.first && page < range.end) {
      if (visit(page, entry.packed, level as Level) === false) return false
    }
  }
  return true
}

/** Visits the tables below one, each right before its own. */
export function tablesBelow(table: PlainTable, level: TableLevel, base: number, visit: (table: Table) => void): void {
  for (const index of numberKeys(table.entries)) {
    const entry = table.entries[index]
    if (entry?.kind !== 'table') continue
    const page = base + index * ENTRY_PAGES[level]
    const children = numberKeys(entry.table.entries).length
    visit({ level: (level - 1) as Level, page, frame: entry.table.frame, children })
    tablesBelow(entry.table, (level - 1) as TableLevel, page, visit)
  }
}
