/**
 * A memory that takes every write and does nothing. A seek runs the records of the world forward from a checkpoint;
 * the versions of memory are there already.
 */
import type { Memory } from '../model/memory.ts'

const ignore = (): void => {}

/** Reducers write to memory and never read it, so the readers are not there. */
export const VOID_MEMORY: Memory = {
  version: 0,
  begin: ignore,
  createPmap: ignore,
  destroyPmap: ignore,
  addTable: ignore,
  removeTable: ignore,
  setLeaf: ignore,
  clearLeaf: ignore,
  takeFrame: ignore,
  freeFrame: ignore,
  setWireCount: ignore,
  setQueue: ignore,
  setBusy: ignore,
  setClean: ignore,
  setReferenced: ignore,
  setValue: ignore,
  pageIn: ignore,
  pageOut: ignore,
  copyPage: ignore,
  addPv: ignore,
  removePv: ignore,
  setResident: ignore,
  clearResident: ignore,
  setSwapped: ignore,
  dropObject: ignore,
  // The end of a pmap visits its tables to free their frames; here there are none.
  eachTable: ignore,
} as unknown as Memory
