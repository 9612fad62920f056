/**
 * The address space of a process: its map entries, and what its pmap maps.
 */
import { addressOf, hex, PAGE_SIZE } from '../../../events/address.ts'
import { LEAF_WIRED, leafFlags, leafFrame } from '../../model/memory.ts'
import type { Process, World } from '../../model/world.ts'
import { frameUse, objectName } from '../names.ts'
import { clip, count, table } from '../table.ts'
import { type Part, section } from './part.ts'

/** Mapped pages that are listed; a guest may have millions. */
const PAGES_MAX = 16

/** Past every user page number. */
const PAGES_END = 2 ** 36

/** The entries in order, then the pages that are mapped. */
export function spacePart(world: World, process: Process): Part {
  const { memory } = world
  const { resident = 0, wired = 0 } = world.pmaps[process.pmap] ?? {}
  const entries = process.entries.map(({ start, size, object, offset, immutable, conceal, inherit }) => {
    let mapped = 0
    memory.eachLeaf(process.pmap, start / PAGE_SIZE, size / PAGE_SIZE, () => {
      mapped += 1
    })
    return { start, end: start + size, object: objectName(world, object), offset, immutable, conceal, inherit, mapped }
  })
  const pages: { va: number; frame: number; wired: boolean }[] = []
  memory.eachLeaf(process.pmap, 0, PAGES_END, (page, packed) => {
    pages.push({ va: addressOf(page), frame: leafFrame(packed), wired: isWired(packed) })
  })
  const columns = [
    { title: 'start', align: 'right' },
    { title: 'end', align: 'right' },
    { title: 'object' },
    { title: 'offset', align: 'right' },
    { title: 'mapped', align: 'right' },
    { title: 'marks' },
  ] as const
  const rows = entries.map((entry) => [
    hex(entry.start),
    hex(entry.end),
    entry.object,
    String(entry.offset),
    String(entry.mapped),
    [
      ...(entry.immutable ? ['immutable'] : []),
      ...(entry.conceal ? ['concealed'] : []),
      ...(entry.inherit === 'none' ? ['not inherited'] : []),
    ].join(', '),
  ])
  const pageLines = pages
    .slice(0, PAGES_MAX)
    .map((page) =>
      clip(`  ${hex(page.va)} → ${hex(page.frame)} ${frameUse(world, page.frame)}${page.wired ? ', wired' : ''}`),
    )
  const more = pages.length - PAGES_MAX
  return {
    name: 'map',
    data: { pid: process.pid, resident, wired, entries, pages },
    lines: (paint) => [
      ...section(
        `pid ${process.pid}: ${count(entries.length, 'entry', 'entries')}`,
        entries.length === 0 ? [] : table(columns, rows, paint),
        paint,
      ),
      `pmap     resident_count ${resident}, wired_count ${wired}, ${count(pages.length, 'page')} mapped`,
      ...pageLines,
      ...(more > 0 ? [`  and ${more} more`] : []),
    ],
  }
}

function isWired(packed: number): boolean {
  return Math.floor(leafFlags(packed) / LEAF_WIRED) % 2 === 1
}
