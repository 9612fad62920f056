/**
 * The ways in which a caller can ask memory for what cannot be true. Both implementations throw the
 * same codes, so that a law can compare them.
 */
import { Defect } from '../../../events/defect.ts'

const hex = (value: number): string => `0x${value.toString(16)}`

/** The event at which a debugger should open: the one that memory was taking. */
type Seq = number

export const noPmap = (pmap: number, seq: Seq) =>
  new Defect('MEM001', `wanted a live pmap, found none numbered ${pmap}.`, seq)
export const pmapExists = (pmap: number, seq: Seq) =>
  new Defect('MEM002', `wanted a new pmap number, found that pmap ${pmap} exists.`, seq)
export const tableExists = (pmap: number, page: number, level: number, seq: Seq) =>
  new Defect(
    'MEM003',
    `wanted an empty level-${level + 1} entry, found a table at page ${hex(page)} of pmap ${pmap}.`,
    seq,
  )
export const noTable = (pmap: number, page: number, level: number, seq: Seq) =>
  new Defect('MEM004', `wanted a level-${level} table, found none at page ${hex(page)} of pmap ${pmap}.`, seq)
export const leafInTheWay = (pmap: number, page: number, level: number, seq: Seq) =>
  new Defect('MEM005', `wanted an empty level-${level} entry, found a leaf at page ${hex(page)} of pmap ${pmap}.`, seq)
export const tableHasChildren = (pmap: number, page: number, level: number, children: number, seq: Seq) =>
  new Defect(
    'MEM006',
    `wanted an empty level-${level} table, found ${children} entries at page ${hex(page)} of pmap ${pmap}.`,
    seq,
  )
export const noLeaf = (pmap: number, page: number, level: number, seq: Seq) =>
  new Defect('MEM007', `wanted a level-${level} leaf, found none at page ${hex(page)} of pmap ${pmap}.`, seq)
export const pageOutside = (pmap: number, page: number, seq: Seq) =>
  new Defect('MEM008', `wanted a page number below 2^36, which four levels reach; found ${page} for pmap ${pmap}.`, seq)
export const frameOutside = (frame: number, framesMax: number, seq: Seq) =>
  new Defect('MEM009', `wanted a frame from 0 to ${framesMax - 1}, found ${frame}.`, seq)
export const frameUsed = (frame: number, use: string, seq: Seq) =>
  new Defect('MEM010', `wanted a free frame, found that frame ${hex(frame)} is used: ${use}.`, seq)
export const frameFree = (frame: number, seq: Seq) =>
  new Defect('MEM011', `wanted a used frame, found that frame ${hex(frame)} is free.`, seq)
export const wireCountOutside = (frame: number, count: number, seq: Seq) =>
  new Defect('MEM012', `wanted a wire count from 0 to 2^19 - 1, found ${count} for frame ${hex(frame)}.`, seq)
export const pvExists = (frame: number, pmap: number, page: number, seq: Seq) =>
  new Defect(
    'MEM013',
    `wanted a new pv entry, found page ${hex(page)} of pmap ${pmap} on the list of frame ${hex(frame)}.`,
    seq,
  )
export const noPv = (frame: number, pmap: number, page: number, seq: Seq) =>
  new Defect(
    'MEM014',
    `wanted the pv entry of page ${hex(page)} of pmap ${pmap}, found none on the list of frame ${hex(frame)}.`,
    seq,
  )
export const isResident = (object: number, index: number, seq: Seq) =>
  new Defect('MEM015', `wanted an absent page, found that page ${index} of object ${object} is resident.`, seq)
export const notResident = (object: number, index: number, seq: Seq) =>
  new Defect('MEM016', `wanted a resident page, found none at page ${index} of object ${object}.`, seq)
export const indexOutside = (object: number, index: number, seq: Seq) =>
  new Defect(
    'MEM017',
    `wanted an object number and a page index below 2^26, found page ${index} of object ${object}.`,
    seq,
  )
export const numberOutside = (pmap: number, seq: Seq) =>
  new Defect('MEM018', `wanted a pmap number from 1 to 2^17 - 1, found ${pmap}.`, seq)
export const versionBack = (version: number, seq: Seq) =>
  new Defect('MEM019', `wanted an event number from ${seq} to 2^31 - 1, found ${version}.`, seq)
export const versionOutside = (version: number, first: number, last: number) =>
  new Defect('MEM020', `wanted a version from ${first} to ${last}, which memory holds; found ${version}.`, last)
export const versionForgotten = (version: number, last: number) =>
  new Defect('MEM021', `wanted a version that was not truncated away, found a view of version ${version}.`, last)
export const dumpDamaged = (part: string, at: number, found: string) =>
  new Defect('MEM022', `wanted a whole memory dump, found ${found} at byte ${at} of its ${part}.`)
export const leafOutside = (pmap: number, page: number, packed: number, seq: Seq) =>
  new Defect('MEM023', `wanted a packed leaf below 2^51, found ${packed} for page ${hex(page)} of pmap ${pmap}.`, seq)
export const framesMaxOutside = (framesMax: number) =>
  new Defect('MEM024', `wanted from 1 to 2^30 frames, found ${framesMax}.`)
export const cellsFull = (seq: Seq) =>
  new Defect('MEM025', 'wanted room for another entry, found all 2^28 cells of the memory taken.', seq)
export const valueOutside = (value: number, seq: Seq) =>
  new Defect('MEM030', `wanted what a page holds as a whole number below 2^46, found ${value}.`, seq)
