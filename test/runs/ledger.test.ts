/**
 * The reference ledger of a slot, row by row: what uo_refs is after each step, and who holds the references.
 *
 * Source: vm_create(), vm_share_mem() and vm_teardown() of vmm.c with the patch of May 2025; uvm_map(), UVM_MAP_CLIP_START
 * of uvm_map.c; psp_launch_update_data() of psp.c.
 */
import { expect } from 'chai'
import type { CallCommand } from '../../events/command.ts'
import { aobj, aobjDying } from '../../src/design/aobj.ts'
import { checkRun } from '../support/check-run.ts'
import { PAGE } from '../support/commands.ts'
import { ram, Scene } from '../support/scene.ts'

const VM_PID = 100
const DEVICE_PID = 200
const SLOT = 0x1000000000
const RANGES = [ram(0, 8)]
const CREATE: CallCommand = { type: 'ioc.create', pid: VM_PID, ranges: RANGES, ncpus: 1, name: 'vm', sev: true }
const SHARE: CallCommand = { type: 'ioc.sharemem', pid: DEVICE_PID, vm: 1, ranges: RANGES, va: [] }
const on = <Type extends string>(type: Type) => ({ type, pid: VM_PID, handle: 1 }) as const

/** Who holds a reference on the slot's object: threads that carry or owe one, entries of processes, vmm's slot. */
function holders(host: Scene): string {
  const { objects, processes, vms } = host.world
  const object = Object.values(objects)[0]
  if (object === undefined) return 'freed'
  const held: string[] = object.carried.map(() => 'thread')
  for (const { pid, entries } of Object.values(processes))
    for (const entry of entries) if (entry.object === object.ref) held.push(pid === VM_PID ? 'vm' : 'dev')
  for (const { slots } of Object.values(vms))
    for (const slot of slots) if (slot.object === object.ref) held.push('slot')
  return `${object.refs}: ${held.join(' ')}${object.owed.length > 0 ? `, ${object.owed.length} owed` : ''}`
}

describe('the reference ledger of a slot', () => {
  for (const design of [aobj, aobjDying])
    it(`holds in ${design.name}, from uao_create() to the teardown`, () => {
      const host = new Scene({ mode: 'rvi' }, design)
      host.spawn(VM_PID)
      host.spawn(DEVICE_PID)
      const ledger: string[] = []
      const row = (step: string): void => {
        ledger.push(`${step.padEnd(28)} ${holders(host)}`)
      }
      const creating = host.start(CREATE)
      const until = (thread: string, place: string, step: string): void => {
        while (host.thread(thread).place !== place) host.step(thread, 1)
        row(step)
      }
      until(creating, 'mappingSlot', 'uao_create')
      until(creating, 'sealingSlot', 'uvm_map')
      until(creating, 'referencingObject', 'immutable')
      until(creating, 'converting', 'uao_reference')
      host.resume(creating)
      const sharing = host.start(SHARE)
      until(sharing, 'referencingObject', 'SHAREMEM.uvm_map')
      host.resume(sharing)
      row('SHAREMEM.uao_reference')
      for (const command of [
        { type: 'psp.launchstart', pid: VM_PID, es: false },
        { ...on('psp.activate'), asid: 1 },
      ] as const)
        host.ask(command)
      const updating = host.start({ ...on('psp.launchupdate'), va: SLOT + 2 * PAGE, size: 3 * PAGE })
      until(updating, 'wiringPage', 'PSP wires a sub-range')
      until(updating, 'unlocking', 'unwire')
      host.resume(updating)
      host.ask({ type: 'host.exit', pid: VM_PID })
      row('vm exits')
      host.ask({ type: 'host.exit', pid: DEVICE_PID })
      row('dev exits')
      host.spawn(300)
      host.ask({ type: 'ioc.term', pid: 300, vm: 1 })
      row('teardown')
      expect(`\n${ledger.join('\n')}\n`).to.equal(`
uao_create                   1: thread
uvm_map                      1: vm
immutable                    1: vm
uao_reference                2: vm slot
SHAREMEM.uvm_map             2: vm dev slot, 1 owed
SHAREMEM.uao_reference       3: vm dev slot
PSP wires a sub-range        5: vm vm vm dev slot
unwire                       5: vm vm vm dev slot
vm exits                     2: dev slot
dev exits                    1: slot
teardown                     freed
`)
      checkRun(host.played)
    })
})
