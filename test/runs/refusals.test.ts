/**
 * What munmap, mmap, an access, the page daemon and the vCPU requests refuse: a row each, in the order in which the C
 * checks.
 *
 * Source: sys_munmap() and sys_mmap() of uvm_mmap.c; uvm_fault(); uvmpd_scan_inactive(); vm_run(), vm_resetcpu().
 */
import { expect } from 'chai'
import type { Word64 } from '../../events/address.ts'
import type { CallCommand } from '../../events/command.ts'
import { checkRun } from '../support/check-run.ts'
import { PAGE } from '../support/commands.ts'
import { Scene } from '../support/scene.ts'

/** Slots of the VM, which are sealed, and two stretches of memory with a hole between them. */
const SLOT = 0x1000000000
const OWN = 0x400000
const HOLE = OWN + 2 * PAGE
const MAX = 0x7f7fffffc000

function withMemory(): Scene {
  const host = new Scene()
  host.create()
  for (const va of [OWN, OWN + 3 * PAGE])
    expect(host.ask({ type: 'host.mmap', pid: 100, va, size: 2 * PAGE })).to.deep.equal({ ok: true, va })
  return host
}

function rows<Row extends readonly [what: string, ...unknown[]]>(
  table: readonly Row[],
  act: (host: Scene, row: Row) => void,
): void {
  for (const row of table)
    it(`${row.at(-1)}: ${row[0].trim()}`, () => {
      const host = withMemory()
      act(host, row)
      checkRun(host.played, { moments: 3 })
    })
}

function answerOf(host: Scene, command: CallCommand): string {
  const answer = host.ask(command)
  if ('blocked' in answer) return `blocked ${answer.blocked}`
  if (!('ok' in answer)) throw new TypeError(`the call of ${command.type} has not ended`)
  return answer.ok ? 'ok' : `${answer.errno} ${answer.at}`
}

describe('munmap(2) answers', () => {
  const table: readonly (readonly [what: string, pid: number, va: Word64, size: Word64, answer: string])[] = [
    ['a process that is gone              ', 9, OWN, PAGE, 'ESRCH curproc'],
    ['an address of 64 bits               ', 100, 2n ** 63n, PAGE, 'EINVAL sys_munmap'],
    ['a size of 64 bits                   ', 100, OWN, 2n ** 64n - 1n, 'EINVAL sys_munmap'],
    ['below the first user address        ', 100, 0, PAGE, 'EINVAL sys_munmap'],
    ['beyond the last user address        ', 100, MAX, PAGE, 'EINVAL sys_munmap'],
    ['an end beyond the last user address ', 100, MAX - PAGE, 2 * PAGE, 'EINVAL sys_munmap'],
    ['a hole                              ', 100, HOLE, PAGE, 'EINVAL uvm_map_checkprot'],
    ['a hole at its beginning             ', 100, OWN - PAGE, 2 * PAGE, 'EINVAL uvm_map_checkprot'],
    ['a hole in its middle                ', 100, OWN, 5 * PAGE, 'EINVAL uvm_map_checkprot'],
    ['a hole at its end                   ', 100, OWN + PAGE, 2 * PAGE, 'EINVAL uvm_map_checkprot'],
    ['a hole before what is sealed        ', 100, SLOT - PAGE, 2 * PAGE, 'EINVAL uvm_map_checkprot'],
    ['a hole behind what is sealed        ', 100, SLOT, 4 * PAGE, 'EINVAL uvm_map_checkprot'],
    ['what is sealed                      ', 100, SLOT, PAGE, 'EPERM uvm_unmap_remove'],
    ['what is sealed, over two entries    ', 100, SLOT, 3 * PAGE, 'EPERM uvm_unmap_remove'],
    ['nothing                             ', 100, HOLE, 0, 'ok'],
    ['a page                              ', 100, OWN, PAGE, 'ok'],
    ['a byte, which is a page             ', 100, OWN + 7, 1, 'ok'],
    ['two pages, of which it names a part ', 100, OWN + 4095, 2, 'ok'],
  ]
  rows(table, (host, [, pid, va, size, answer]) => {
    expect(answerOf(host, { type: 'host.munmap', pid, va, size })).to.equal(answer)
  })
})

describe('mmap(2) answers', () => {
  const table: readonly (readonly [what: string, pid: number, va: Word64 | null, size: Word64, answer: string])[] = [
    ['a process that is gone       ', 9, null, PAGE, 'ESRCH curproc'],
    ['no size                      ', 100, null, 0, 'EINVAL sys_mmap'],
    ['a size that wraps to 0       ', 100, null, 2n ** 64n - 1n, 'EINVAL sys_mmap'],
    ['a size of 64 bits            ', 100, null, 2n ** 63n, 'ENOMEM sys_mmap'],
    ['a size beyond the space      ', 100, null, MAX, 'ENOMEM uvm_map'],
    ['an address inside a page     ', 100, OWN + 8, PAGE, 'EINVAL sys_mmap'],
    ['an address below the space   ', 100, 0, PAGE, 'EINVAL sys_mmap'],
    ['an address beyond the space  ', 100, MAX, PAGE, 'EINVAL sys_mmap'],
    ['an end beyond the space      ', 100, MAX - PAGE, 2 * PAGE, 'EINVAL sys_mmap'],
    ['an address that is taken     ', 100, OWN, PAGE, 'EEXIST sys_mmap'],
    ['an end that is taken         ', 100, OWN - PAGE, 2 * PAGE, 'EEXIST sys_mmap'],
    ['a hole that fits             ', 100, HOLE, PAGE, 'ok'],
    ['the last page                ', 100, MAX - PAGE, PAGE, 'ok'],
    ['anywhere                     ', 100, null, 1, 'ok'],
  ]
  rows(table, (host, [, pid, va, size, answer]) => {
    expect(answerOf(host, { type: 'host.mmap', pid, va, size })).to.equal(answer)
  })
  it('ENOMEM uvm_map: no place, and gives the memory back', () => {
    const host = withMemory()
    host.ask({ type: 'fail.next', fn: 'uvm_map', k: 1, errno: 'ENOMEM' })
    const objects = Object.keys(host.world.objects)
    expect(answerOf(host, { type: 'host.mmap', pid: 100, va: null, size: PAGE })).to.equal('ENOMEM uvm_map')
    expect(Object.keys(host.world.objects)).to.deep.equal(objects)
    checkRun(host.played)
  })
})

describe('an access answers', () => {
  const table: readonly (readonly [
    what: string,
    pid: number,
    va: Word64,
    access: 'r' | 'w' | 'x' | 'rw',
    answer: string,
  ])[] = [
    ['a process that is gone     ', 9, OWN, 'r', 'ESRCH curproc'],
    ['a hole                     ', 100, HOLE, 'r', 'EFAULT uvm_fault'],
    ['an address of 64 bits      ', 100, 2n ** 63n, 'r', 'EFAULT uvm_fault'],
    ['a hole, to execute         ', 100, HOLE, 'x', 'EFAULT uvm_fault'],
    ['data, to execute           ', 100, OWN, 'x', 'EACCES uvm_fault'],
    ['a slot, to execute         ', 100, SLOT, 'x', 'EACCES uvm_fault'],
    ['memory, to read            ', 100, OWN, 'r', 'ok'],
    ['a slot, to write           ', 100, SLOT + PAGE, 'w', 'ok'],
    ['the last byte of a slot    ', 100, SLOT + 2 * PAGE - 1, 'rw', 'ok'],
  ]
  rows(table, (host, [, pid, va, access, answer]) => {
    expect(answerOf(host, { type: 'host.touch', pid, va, access })).to.equal(answer)
  })
  it('without a fault once the page is there', () => {
    const host = withMemory()
    expect(host.touch(100, OWN)).to.deep.equal({ ok: true, faulted: true })
    expect(host.touch(100, OWN + 9)).to.deep.equal({ ok: true, faulted: false })
    expect(host.touch(100, OWN, 'x')).to.deep.equal({ ok: false, errno: 'EACCES', at: 'uvm_fault', faulted: true })
    checkRun(host.played)
  })
})

describe('the page daemon answers', () => {
  const table: readonly (readonly [what: string, object: string, page: number, answer: string])[] = [
    ['an object that is none      ', 'a9', 0, 'ENOENT uvmpd_scan'],
    ['anonymous memory            ', 'm1', 0, 'ENOENT uvmpd_scan'],
    ['a page that is not resident ', 'a1', 1, 'ENOENT uvmpd_scan'],
    ['a page beyond the object    ', 'a1', 99, 'ENOENT uvmpd_scan'],
    ['a page that is wired        ', 'a2', 0, 'EBUSY uvmpd_scan'],
    ['a page                      ', 'a1', 0, 'ok'],
  ]
  rows(table, (host, [, object, page, answer]) => {
    host.touch(100, SLOT)
    host.acts({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 3 * PAGE, access: 'w' }, host.enter())
    expect(answerOf(host, { type: 'host.pageout', object, page })).to.equal(answer)
  })
  it('ENOMEM uao_set_swslot: no swap, and leaves the page', () => {
    const host = withMemory()
    host.touch(100, SLOT)
    host.ask({ type: 'fail.next', fn: 'swap_get', k: 1, errno: 'ENOMEM' })
    expect(answerOf(host, { type: 'host.pageout', object: 'a1', page: 0 })).to.equal('ENOMEM uao_set_swslot')
    expect(host.world.memory.residentCount(1)).to.equal(1)
    expect(host.world.pagedaemon).to.equal('idle')
    checkRun(host.played)
  })
})

describe('a request for a vCPU answers', () => {
  const RUN = { type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 } as const
  const RESET = { ...RUN, type: 'ioc.resetcpu' } as const
  const table: readonly (readonly [what: string, state: number, command: CallCommand, answer: string])[] = [
    ['RUN by a process that is gone  ', 0, { ...RUN, pid: 9 }, 'ESRCH curproc'],
    ['RUN of a VM that is none       ', 0, { ...RUN, vm: 2 }, 'ENOENT vm_find'],
    ['RUN of a vCPU that is none     ', 0, { ...RUN, vcpu: 1 }, 'ENOENT vm_find_vcpu'],
    ['RUN of one that is RUNNING     ', 1, RUN, 'EBUSY vm_run'],
    ['RUN of one in REQTERM          ', 2, RUN, 'EBUSY vm_run'],
    ['RUN of one that is TERMINATED  ', 3, RUN, 'EBUSY vm_run'],
    ['RUN of one in no known state   ', 4, RUN, 'EBUSY vm_run'],
    ['RUN of one that is STOPPED     ', 0, RUN, 'blocked guest'],
    ['RESETCPU by one that is gone   ', 0, { ...RESET, pid: 9 }, 'ESRCH curproc'],
    ['RESETCPU of a VM that is none  ', 0, { ...RESET, vm: 2 }, 'ENOENT vm_find'],
    ['RESETCPU of no vCPU            ', 0, { ...RESET, vcpu: 1 }, 'ENOENT vm_find_vcpu'],
    ['RESETCPU while RUNNING         ', 1, RESET, 'EBUSY vm_resetcpu'],
    ['RESETCPU in REQTERM            ', 2, RESET, 'EBUSY vm_resetcpu'],
    ['RESETCPU after TERMINATED      ', 3, RESET, 'EBUSY vm_resetcpu'],
    ['RESETCPU in no known state     ', 4, RESET, 'EBUSY vm_resetcpu'],
    ['RESETCPU while STOPPED         ', 0, RESET, 'ok'],
  ]
  rows(table, (host, [, state, command, answer]) => {
    host.ask({ type: 'host.poke', vm: 1, vcpu: 0, state })
    expect(answerOf(host, command)).to.equal(answer)
    if (!answer.startsWith('blocked')) expect(host.vm().refcnt).to.equal(1)
  })
  it('EIO vcpu_reset_regs: RESETCPU whose registers cannot be written', () => {
    const host = withMemory()
    host.ask({ type: 'fail.next', fn: 'vcpu_reset_regs', k: 1, errno: 'EINVAL' })
    expect(answerOf(host, RESET)).to.equal('EIO vcpu_reset_regs')
    expect(host.vcpu()).to.include({ state: 0, lock: null })
    checkRun(host.played)
  })
})
