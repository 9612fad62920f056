/**
 * How large the numbers of memory may be. Each bound comes from how facts are packed into doubles;
 * both implementations keep to them, so that neither takes what the other refuses.
 */

/** Four levels of 512 entries reach 48-bit addresses. */
export const PAGES_MAX = 2 ** 36
/** A pv entry is `pmap * 2^36 + page`. */
export const PMAPS_MAX = 2 ** 17
/** A frame's identity is `owner * 2^26 + index`; 2^26 pages are 256 GiB. */
export const OBJECTS_MAX = 2 ** 26
export const INDEXES_MAX = 2 ** 26
/** The map of used frames has six levels of 32-bit words; 2^30 frames are 4 TiB. */
export const FRAMES_MAX = 2 ** 30
/** A frame's state is its generation above 26 bits, 19 of them the wire count. */
export const WIRE_COUNT_MAX = 2 ** 19
/** Frames that are only named, by an entry or a page of an object, may lie beyond the host's own. */
export const FRAME_NUMBERS_MAX = 2 ** 46
/** What a page holds. */
export const VALUES_MAX = 2 ** 46
/** A packed leaf is such a frame above 5 flags. */
export const LEAF_MAX = 2 ** 51
/** The number of an event is kept in 31 bits. */
export const VERSIONS_MAX = 2 ** 31
/** A record names its cell in 28 bits. */
export const CELLS_MAX = 2 ** 28

/** The number of pages that one entry of a table of this level covers. */
export const ENTRY_PAGES = [0, 1, 512, 512 ** 2, 512 ** 3] as const

/** A whole number from `first` up to but not including `end`. */
export function isBetween(value: number, first: number, end: number): boolean {
  return Number.isInteger(value) && value >= first && value < end
}
