/**
 * The life of a memory slot. It is held before the guest can reach it, and a slot that vm_create() gives up is
 * abandoned: its mapping may stay in the creator, but vmm never held it. Before the patch a slot is shared instead, from
 * memory that the creator mapped itself.
 *
 * Source: vm_create() and vm_teardown() of vmm(4).
 */
import { emit, setup } from 'xstate'
import type { SlotIndex, VmRef } from '../events/ids.ts'
import type { SlotEvent } from '../events/vm.ts'
import type { SlotInput } from './tell.ts'

export type SlotContext = { readonly vm: VmRef; readonly slot: SlotIndex }

export const slotMachine = setup({
  types: { context: {} as SlotContext, events: {} as SlotInput, emitted: {} as SlotEvent },
  actions: { abandoned: emit(({ context: { vm, slot } }) => ({ type: 'slot.abandoned', vm, slot })) },
}).createMachine({
  id: 'slot',
  context: { vm: 0 as VmRef, slot: 0 },
  initial: 'none',
  states: {
    none: {
      on: {
        'uao.created': {
          target: 'backed',
          actions: emit(({ context: { vm, slot }, event }) => ({
            type: 'slot.backed',
            vm,
            slot,
            object: event.object,
          })),
        },
        // Before the patch a slot is memory of the creator, shared into the map of guest-physical space.
        'uvm.shared': {
          target: 'shared',
          actions: emit(({ context: { vm, slot }, event }) => ({ type: 'slot.shared', vm, slot, hva: event.hva })),
        },
        'uvm.refused': { target: 'abandoned', actions: 'abandoned' },
      },
    },
    backed: {
      on: {
        'uvm.mapped': {
          target: 'mapped',
          actions: emit(({ context: { vm, slot }, event }) => ({ type: 'slot.mapped', vm, slot, hva: event.hva })),
        },
        // vm_create() drops its only reference before it gives up.
        'uvm.refused': { target: 'abandoned', actions: 'abandoned' },
      },
    },
    mapped: {
      on: {
        'uvm.sealed': {
          target: 'sealed',
          actions: emit(({ context: { vm, slot } }) => ({ type: 'slot.sealed', vm, slot })),
        },
        // vm_create() unmaps, which drops the entry's reference, the only one.
        'uvm.refused': { target: 'abandoned', actions: 'abandoned' },
      },
    },
    sealed: {
      on: {
        'uao.referenced': {
          target: 'held',
          actions: emit(({ context: { vm, slot }, event }) => ({ type: 'slot.held', vm, slot, object: event.object })),
        },
      },
    },
    held: {
      on: {
        'uao.detached': {
          target: 'released',
          actions: emit(({ context: { vm, slot } }) => ({ type: 'slot.released', vm, slot })),
        },
      },
    },
    shared: {
      on: {
        'uvm.unshared': {
          target: 'released',
          actions: emit(({ context: { vm, slot } }) => ({ type: 'slot.released', vm, slot })),
        },
      },
    },
    released: { type: 'final' },
    abandoned: { type: 'final' },
  },
})
