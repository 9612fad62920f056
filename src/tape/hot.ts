/**
 * The events of which a run has millions, and how each lies in columns: one column of numbers a field. All other
 * events are stored as objects. An event whose fields do not fit its columns (an address beyond 2^53, an errno) is
 * stored as an object, too; nothing is lost by being rare.
 */
import { PAGE_SIZE } from '../../events/address.ts'
import type { EventOf, EventType, VmmEvent } from '../../events/event.ts'

/** The columns of one type in a segment: a number per event of that type, for each of its fields. */
export type Columns = readonly Float64Array[]

export type HotType = {
  readonly type: EventType
  /** Names of the fields, in the order of the columns. */
  readonly fields: readonly string[]
  /** Writes the fields of `event` into row `row`; false when they do not fit. */
  readonly put: (event: VmmEvent, columns: Columns, row: number) => boolean
  /** The event of row `row`. */
  readonly get: (columns: Columns, row: number) => VmmEvent
}

type Cell = number | bigint

/** Whether a field is a number that a column holds exactly. */
function fits(value: Cell): value is number {
  return typeof value === 'number'
}

/** Page number of an address that starts a page, or -1. */
function page(value: Cell): number {
  if (typeof value !== 'number') return -1
  // A product, not a remainder: that of doubles is a call of its own.
  const number = Math.floor(value / PAGE_SIZE)
  return number * PAGE_SIZE === value ? number : -1
}

/** Declares a hot type. */
function hot<Type extends EventType>(
  type: Type,
  fields: readonly string[],
  put: (event: EventOf<Type>, columns: Columns, row: number) => boolean,
  get: (columns: Columns, row: number) => EventOf<Type>,
): HotType {
  return { type, fields, put: put as HotType['put'], get: get as HotType['get'] }
}

/** Field number `field` of the event in row `row`. */
function fieldAt(columns: Columns, field: number, row: number): number {
  return (columns[field] as Float64Array)[row] as number
}

const set = (columns: Columns, field: number, row: number, value: number): void => {
  ;(columns[field] as Float64Array)[row] = value
}

/** Numbers of the hot types; part of the tape's format, so they only ever grow. */
export const HOT: readonly HotType[] = [
  hot(
    'vcpu.faulted',
    // The page by itself: the other events of a fault name it again.
    ['vm', 'vcpu', 'page', 'byte'],
    (event, c, row) => {
      if (!fits(event.gpa)) return false
      const number = Math.floor(event.gpa / PAGE_SIZE)
      set(c, 0, row, event.vm)
      set(c, 1, row, event.vcpu)
      set(c, 2, row, number)
      set(c, 3, row, event.gpa - number * PAGE_SIZE)
      return true
    },
    (c, row) => ({
      type: 'vcpu.faulted',
      vm: fieldAt(c, 0, row) as never,
      vcpu: fieldAt(c, 1, row),
      gpa: fieldAt(c, 2, row) * PAGE_SIZE + fieldAt(c, 3, row),
    }),
  ),
  hot(
    'fault.translated',
    ['vm', 'gpa', 'hva'],
    (event, c, row) => {
      const hva = page(event.hva)
      const gpa = page(event.gpa)
      if (hva < 0 || gpa < 0) return false
      set(c, 0, row, event.vm)
      set(c, 1, row, gpa)
      set(c, 2, row, hva)
      return true
    },
    (c, row) => ({
      type: 'fault.translated',
      vm: fieldAt(c, 0, row) as never,
      gpa: (fieldAt(c, 1, row) * PAGE_SIZE) as never,
      hva: fieldAt(c, 2, row) * PAGE_SIZE,
    }),
  ),
  hot(
    'pmap.extracted',
    ['pmap', 'va', 'frame'],
    (event, c, row) => {
      const va = page(event.va)
      if (va < 0) return false
      set(c, 0, row, event.pmap)
      set(c, 1, row, va)
      set(c, 2, row, event.frame)
      return true
    },
    (c, row) => ({
      type: 'pmap.extracted',
      pmap: fieldAt(c, 0, row) as never,
      va: fieldAt(c, 1, row) * PAGE_SIZE,
      frame: fieldAt(c, 2, row) as never,
    }),
  ),
  hot(
    'page.allocated',
    ['object', 'index', 'frame', 'swap'],
    (event, c, row) => {
      set(c, 0, row, event.object)
      set(c, 1, row, event.index)
      set(c, 2, row, event.frame)
      set(c, 3, row, event.from === 'swap' ? 1 : 0)
      return true
    },
    (c, row) => ({
      type: 'page.allocated',
      object: fieldAt(c, 0, row) as never,
      index: fieldAt(c, 1, row),
      frame: fieldAt(c, 2, row) as never,
      from: fieldAt(c, 3, row) === 1 ? 'swap' : 'zero',
    }),
  ),
  hot(
    'table.added',
    ['pmap', 'va', 'level', 'frame'],
    (event, c, row) => {
      const va = page(event.va)
      if (va < 0) return false
      set(c, 0, row, event.pmap)
      set(c, 1, row, va)
      set(c, 2, row, event.level)
      set(c, 3, row, event.frame)
      return true
    },
    (c, row) => ({
      type: 'table.added',
      pmap: fieldAt(c, 0, row) as never,
      va: (fieldAt(c, 1, row) * PAGE_SIZE) as never,
      level: fieldAt(c, 2, row) as never,
      frame: fieldAt(c, 3, row) as never,
    }),
  ),
  hot(
    'table.freed',
    ['pmap', 'va', 'level', 'frame'],
    (event, c, row) => {
      const va = page(event.va)
      if (va < 0) return false
      set(c, 0, row, event.pmap)
      set(c, 1, row, va)
      set(c, 2, row, event.level)
      set(c, 3, row, event.frame)
      return true
    },
    (c, row) => ({
      type: 'table.freed',
      pmap: fieldAt(c, 0, row) as never,
      va: (fieldAt(c, 1, row) * PAGE_SIZE) as never,
      level: fieldAt(c, 2, row) as never,
      frame: fieldAt(c, 3, row) as never,
    }),
  ),
  hot(
    'pmap.entered',
    ['pmap', 'va', 'level', 'frame', 'flags', 'old'],
    (event, c, row) => {
      const va = page(event.va)
      if (va < 0) return false
      set(c, 0, row, event.pmap)
      set(c, 1, row, va)
      set(c, 2, row, event.level)
      set(c, 3, row, event.frame)
      set(c, 4, row, event.flags)
      set(c, 5, row, event.old)
      return true
    },
    (c, row) => ({
      type: 'pmap.entered',
      pmap: fieldAt(c, 0, row) as never,
      va: (fieldAt(c, 1, row) * PAGE_SIZE) as never,
      level: fieldAt(c, 2, row) as never,
      frame: fieldAt(c, 3, row) as never,
      flags: fieldAt(c, 4, row),
      old: fieldAt(c, 5, row),
    }),
  ),
  hot(
    'pmap.cleared',
    ['pmap', 'va', 'level', 'old'],
    (event, c, row) => {
      const va = page(event.va)
      if (va < 0) return false
      set(c, 0, row, event.pmap)
      set(c, 1, row, va)
      set(c, 2, row, event.level)
      set(c, 3, row, event.old)
      return true
    },
    (c, row) => ({
      type: 'pmap.cleared',
      pmap: fieldAt(c, 0, row) as never,
      va: (fieldAt(c, 1, row) * PAGE_SIZE) as never,
      level: fieldAt(c, 2, row) as never,
      old: fieldAt(c, 3, row),
    }),
  ),
  hot(
    'page.wired',
    ['frame', 'wires', 'pid', 'va'],
    (event, c, row) => {
      const va = page(event.va)
      if (va < 0) return false
      set(c, 0, row, event.frame)
      set(c, 1, row, event.wires)
      set(c, 2, row, event.pid)
      set(c, 3, row, va)
      return true
    },
    (c, row) => ({
      type: 'page.wired',
      frame: fieldAt(c, 0, row) as never,
      wires: fieldAt(c, 1, row),
      pid: fieldAt(c, 2, row),
      va: (fieldAt(c, 3, row) * PAGE_SIZE) as never,
    }),
  ),
  hot(
    'page.freed',
    ['object', 'index', 'frame'],
    (event, c, row) => {
      set(c, 0, row, event.object)
      set(c, 1, row, event.index)
      set(c, 2, row, event.frame)
      return true
    },
    (c, row) => ({
      type: 'page.freed',
      object: fieldAt(c, 0, row) as never,
      index: fieldAt(c, 1, row),
      frame: fieldAt(c, 2, row) as never,
    }),
  ),
  hot(
    'vmcs.reloaded',
    ['vm', 'vcpu'],
    (event, c, row) => {
      if (event.errno !== null) return false
      set(c, 0, row, event.vm)
      set(c, 1, row, event.vcpu)
      return true
    },
    (c, row) => ({ type: 'vmcs.reloaded', vm: fieldAt(c, 0, row) as never, vcpu: fieldAt(c, 1, row), errno: null }),
  ),
  hot(
    'vcpu.entered',
    ['vm', 'vcpu'],
    (event, c, row) => {
      set(c, 0, row, event.vm)
      set(c, 1, row, event.vcpu)
      return true
    },
    (c, row) => ({ type: 'vcpu.entered', vm: fieldAt(c, 0, row) as never, vcpu: fieldAt(c, 1, row) }),
  ),
]

/** Number of each hot type. */
export const HOT_NUMBER: ReadonlyMap<string, number> = new Map(HOT.map(({ type }, number) => [type, number]))
