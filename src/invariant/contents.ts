/**
 * What reads find: a page holds what was written there last, by whoever, and zeros before that. The host may move a page
 * between frames and swap as it likes; nobody may notice.
 *
 * Source: uvm_fault.c, uvm_pdaemon.c, uvm_aobj.c; fault_page() of vmm_machdep.c.
 */
import { hex } from '../../events/address.ts'
import type { Accessor } from '../../events/memory.ts'
import type { FlatFinding } from './flat.ts'
import { type AnyRule, type Finding, rule } from './invariant.ts'

function readerText(by: Accessor): string {
  return by.kind === 'process' ? `process ${by.pid} va ${hex(by.va)}` : `vm ${by.vm} gpa ${hex(by.gpa)}`
}

function findingOf({ by, page, wanted, found }: FlatFinding, what: string): Finding {
  return { subject: readerText(by), sentence: `a read of ${page} found ${found}; ${what} ${wanted}` }
}

const readFindsWhatWasWritten = rule({
  id: 'I80',
  name: 'read-finds-what-was-written',
  source: 'fault_page(): a page that nothing wires is given to the guest; uvm_pagefree() and pageins move its contents',
  on: ['memory.read', 'word.read'],
  counterexample({ event, world, thread, past }) {
    const found = past.flat.judge(event, world, thread)
    return found?.id === 'I80' ? findingOf(found, 'what was written there last is') : null
  },
})

const unwrittenMemoryReadsAsZero = rule({
  id: 'I85',
  name: 'unwritten-memory-reads-as-zero',
  source: 'uvm_fault(): the first page of anonymous memory is filled with zeros; the guest must see nothing else',
  on: ['memory.read', 'word.read'],
  counterexample({ event, world, thread, past }) {
    const found = past.flat.judge(event, world, thread)
    return found?.id === 'I85' ? findingOf(found, 'nobody has written there, so that it is') : null
  },
})

export const contentsRules: readonly AnyRule[] = [readFindsWhatWasWritten, unwrittenMemoryReadsAsZero]
