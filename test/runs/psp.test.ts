/**
 * The PSP's driver in runs: what it answers, whom it lets in, what it wires and gives back, and where pages are encrypted.
 *
 * Source: psp.c 1.20 (2025-08-14); what the PSP refuses is the SEV API's.
 */
import { expect } from 'chai'
import type { Boot } from '../../events/boot.ts'
import type { CallCommand, Command } from '../../events/command.ts'
import { encryptedAt, pspOf } from '../../src/model/psp.ts'
import { checkRun } from '../support/check-run.ts'
import { PAGE } from '../support/commands.ts'
import { replayable } from '../support/replayed.ts'
import { type Ending, ram, Scene, scene } from '../support/scene.ts'

const RVI: Partial<Boot> = { mode: 'rvi' }
const ES: Partial<Boot> = { mode: 'rvi', sev: { cbit: 51, asids: 15, noes: 5 } }
const SLOT = 0x1000000000
const pid = 100

/** A process with a VM of eight pages whose guest is encrypted. */
function sevHost(boot = RVI, seves = false): Scene {
  const host = new Scene(boot)
  host.spawn(pid)
  const ranges = [ram(0, 8)]
  host.ask({ type: 'ioc.create', pid, ranges, ncpus: 1, name: 'vm', sev: true, ...(seves ? { seves } : {}) })
  return host
}

const START = { type: 'psp.launchstart', pid, es: false } as const
const START_ES = { ...START, es: true } as const
const on = <Type extends string>(type: Type, handle = 1) => ({ type, pid, handle }) as const
const ACTIVATE = { ...on('psp.activate'), asid: 1 } as const
const update = (page: number, pages: number) =>
  ({ ...on('psp.launchupdate'), va: SLOT + page * PAGE, size: pages * PAGE }) as const
const MEASURE = on('psp.launchmeasure')
const FINISH = on('psp.launchfinish')
const DEACTIVATE = on('psp.deactivate')
const DECOMMISSION = on('psp.decommission')
const STATE = { ...on('psp.encryptstate'), vm: 1, vcpu: 0 } as const
const FLUSH = { type: 'psp.dfflush', pid } as const
const lost = (k = 1): CallCommand => ({ type: 'fail.next', fn: 'ccp_docmd', k, errno: 'EAGAIN' })

function said(ending: Ending): string {
  if ('ok' in ending && ending.ok) {
    const { ok: _, ...rest } = ending
    return Object.values(rest).join(' ') || 'ok'
  }
  if ('errno' in ending) return `${ending.errno} ${ending.at}`
  return JSON.stringify(ending)
}

type Row = readonly [
  what: string,
  before: readonly CallCommand[],
  asked: CallCommand,
  answer: string,
  boot?: Partial<Boot>,
]

const REFUSED = 'EIO ccp_docmd'
const ROWS: readonly Row[] = [
  ['a first guest', [], START, '1'],
  ['a second guest', [START], START, '2'],
  ['a guest of an uninitialised platform', [{ type: 'psp.shutdown', pid }], START, REFUSED],
  ['a guest, and the PSP does not answer', [lost()], START, 'EAGAIN ccp_docmd'],
  ['the platform', [], { type: 'psp.pstatus', pid }, 'initialised'],
  ['the platform of a guest', [START], { type: 'psp.pstatus', pid }, 'working'],
  ['a platform that is shut down', [{ type: 'psp.shutdown', pid }], { type: 'psp.pstatus', pid }, 'uninitialised'],
  ['the platform to begin', [], { type: 'psp.init', pid }, 'EBUSY psp_reinit'],
  ['the platform to begin again', [{ type: 'psp.shutdown', pid }], { type: 'psp.init', pid }, 'ok'],
  ['the platform to end twice', [{ type: 'psp.shutdown', pid }], { type: 'psp.shutdown', pid }, 'EINVAL psp_shutdown'],
  [
    'for a guest that was there before',
    [START, { type: 'psp.shutdown', pid }, { type: 'psp.init', pid }],
    on('psp.gstatus'),
    REFUSED,
  ],
  ['for a guest', [START], on('psp.gstatus'), 'launchUpdate 0 false'],
  ['for a guest that is nobody', [], on('psp.gstatus'), REFUSED],
  ['for an active guest', [START, ACTIVATE], on('psp.gstatus'), 'launchUpdate 1 false'],
  ['for a measured guest', [START, MEASURE], on('psp.gstatus'), 'launchSecret 0 false'],
  ['for a finished guest', [START, MEASURE, FINISH], on('psp.gstatus'), 'running 0 false'],
  ['to activate', [START], ACTIVATE, 'ok'],
  ['to activate nobody', [], ACTIVATE, REFUSED],
  ['to activate twice', [START, ACTIVATE], { ...ACTIVATE, asid: 2 }, REFUSED],
  ['to activate for ASID 0', [START], { ...ACTIVATE, asid: 0 }, REFUSED],
  ['to activate for an ASID without a key', [START], { ...ACTIVATE, asid: 16 }, REFUSED],
  ['to activate for the ASID of another', [START, START, ACTIVATE], { ...ACTIVATE, handle: 2 }, REFUSED],
  ['to activate where caches may know the last', [START, ACTIVATE, DEACTIVATE], ACTIVATE, REFUSED],
  ['to activate once the caches are flushed', [START, ACTIVATE, DEACTIVATE, FLUSH], ACTIVATE, 'ok'],
  ['to activate with encrypted state for an ASID of others', [START_ES], { ...ACTIVATE, asid: 5 }, REFUSED, ES],
  ['to activate with encrypted state', [START_ES], { ...ACTIVATE, asid: 4 }, 'ok', ES],
  ['to activate for an ASID of SEV-ES', [START], { ...ACTIVATE, asid: 4 }, REFUSED, ES],
  ['to encrypt', [START, ACTIVATE], update(0, 1), 'ok'],
  ['to encrypt nothing', [START, ACTIVATE], update(0, 0), 'ok'],
  ['to encrypt for nobody', [], update(0, 1), REFUSED],
  ['to encrypt for a guest without an ASID', [START], update(0, 1), REFUSED],
  ['to encrypt once it was measured', [START, ACTIVATE, MEASURE], update(0, 1), REFUSED],
  ['to encrypt half a block', [START, ACTIVATE], { ...update(0, 1), size: 24 }, 'EINVAL psp_launch_update_data'],
  [
    'to encrypt from within a block',
    [START, ACTIVATE],
    { ...update(0, 1), va: SLOT + 8 },
    'EINVAL psp_launch_update_data',
  ],
  ['to encrypt a block', [START, ACTIVATE], { ...update(0, 1), va: SLOT + 32, size: 16 }, 'ok'],
  ['to encrypt page 0', [START, ACTIVATE], { ...update(0, 1), va: 0 }, 'EFAULT uvm_map_pageable'],
  ['to encrypt what is not mapped', [START, ACTIVATE], { ...update(0, 1), va: 0x400000 }, 'EFAULT uvm_map_pageable'],
  ['to encrypt beyond the slot', [START, ACTIVATE], update(7, 2), 'EINVAL uvm_map_pageable'],
  [
    'to encrypt the end of the world',
    [START, ACTIVATE],
    { ...update(0, 1), va: 2n ** 64n - 16n, size: 16 },
    'EINVAL uvm_map_pageable',
  ],
  ['to encrypt 4 GiB, which is a length of 0', [START, ACTIVATE], { ...update(0, 1), size: 2 ** 32 }, 'ok'],
  [
    'to encrypt what it may only read',
    [START, ACTIVATE, { type: 'host.mmap', pid, va: 0x400000, size: PAGE, prot: 'r' }],
    { ...update(0, 1), va: 0x400000 },
    'ok',
  ],
  [
    'to encrypt when memory is out',
    [START, ACTIVATE, { type: 'fail.next', fn: 'page_alloc', k: 1, errno: 'ENOMEM' }],
    update(0, 1),
    'ok',
  ],
  ['to encrypt, and the PSP does not answer', [START, ACTIVATE, lost(2)], update(0, 3), 'EAGAIN ccp_docmd'],
  ['to encrypt registers', [START_ES, ACTIVATE], STATE, 'ok', ES],
  ['to encrypt registers of no VM', [START_ES, ACTIVATE], { ...STATE, vm: 9 }, 'ENOENT vm_find', ES],
  ['to encrypt registers of no vCPU', [START_ES, ACTIVATE], { ...STATE, vcpu: 1 }, 'ENOENT svm_get_vmsa_pa', ES],
  ['to encrypt registers for nobody', [], STATE, 'EIO psp_launch_update_vmsa', ES],
  [
    'to encrypt registers, and the PSP does not answer',
    [START_ES, ACTIVATE, lost()],
    STATE,
    'EIO psp_launch_update_vmsa',
    ES,
  ],
  ['to measure', [START], MEASURE, 'ok'],
  ['to measure twice', [START, MEASURE], MEASURE, REFUSED],
  ['to finish', [START, MEASURE], FINISH, 'ok'],
  ['to finish unmeasured', [START], FINISH, REFUSED],
  ['to deactivate', [START, ACTIVATE], DEACTIVATE, 'ok'],
  ['to deactivate a guest without an ASID', [START], DEACTIVATE, 'ok'],
  ['to decommission', [START], DECOMMISSION, 'ok'],
  ['to decommission an active guest', [START, ACTIVATE], DECOMMISSION, REFUSED],
  ['to shut a guest down', [START, ACTIVATE], on('psp.guestshutdown'), 'ok'],
  ['to shut nobody down', [], on('psp.guestshutdown'), REFUSED],
  [
    'to shut a guest down, and the PSP does not flush',
    [START, ACTIVATE, lost(2)],
    on('psp.guestshutdown'),
    'EAGAIN ccp_docmd',
  ],
  ['anything of a host with EPT', [], START, 'ENXIO pspopen', { mode: 'ept' }],
  ['anything of a CPU without SEV', [], START, 'ENXIO pspopen', { mode: 'rvi', sev: { cbit: 0, asids: 0, noes: 0 } }],
  ['anything in the name of a dead process', [], { ...START, pid: 9 }, 'ESRCH curproc'],
]

describe('the PSP, when asked', () => {
  for (const [what, before, asked, answer, boot = RVI] of ROWS)
    it(`${what}, answers ${answer}`, () => {
      const host = sevHost(boot, boot === ES)
      for (const command of before) host.ask(command)
      expect(said(host.ask(asked))).to.equal(answer)
      expect(pspOf(host.world).lock).to.equal(null)
      checkRun(host.played, { moments: 3 })
    })
})

/** Requests that a process may make which promised `vmm`, and those that it may not. */
const PLEDGES: readonly (readonly [CallCommand, 'ok' | 'broken'])[] = [
  [{ type: 'psp.pstatus', pid: 200 }, 'ok'],
  [{ type: 'psp.dfflush', pid: 200 }, 'ok'],
  [{ ...START, pid: 200 }, 'ok'],
  [{ ...on('psp.gstatus'), pid: 200 }, 'ok'],
  [{ ...ACTIVATE, pid: 200 }, 'ok'],
  [{ ...MEASURE, pid: 200 }, 'ok'],
  [{ ...FINISH, pid: 200 }, 'ok'],
  [{ ...on('psp.guestshutdown'), pid: 200 }, 'ok'],
  [{ type: 'psp.init', pid: 200 }, 'broken'],
  [{ type: 'psp.shutdown', pid: 200 }, 'broken'],
  [{ ...DEACTIVATE, pid: 200 }, 'broken'],
  [{ ...DECOMMISSION, pid: 200 }, 'broken'],
]

describe('a pledged process', () => {
  for (const [command, wanted] of PLEDGES)
    it(`that promised vmm and asks for ${command.type} ${wanted === 'ok' ? 'is let in' : 'breaks its promise'}`, () => {
      for (const pledge of [['vmm'], ['proc']] as const) {
        const host = new Scene(RVI)
        host.ask({ type: 'host.spawn', pid: 200, pledge })
        const ending = said(host.ask(command))
        const broken = pledge[0] !== 'vmm' || wanted === 'broken'
        expect(ending === 'EPERM pledge_ioctl_psp', pledge[0]).to.equal(broken)
        expect(host.process(200).killed, pledge[0]).to.equal(broken)
        checkRun(host.played, { moments: 2 })
      }
    })
})

describe('the lock of the driver', () => {
  scene(
    'is held while the PSP is at work, and a second request waits for it',
    (host) => {
      host.create([ram(0, 2)])
      const first = host.stopAt(START, 'commanding')
      const second = host.dispatch({ type: 'psp.dfflush', pid })
      expect(host.ending(second)).to.deep.equal({ blocked: 'psp_lock' })
      expect(host.resume(first)).to.deep.equal({ ok: true, handle: 1 })
      expect(host.resume(second)).to.deep.equal({ ok: true })
    },
    { boot: RVI },
  )
})

/** wire_count of each resident page of the slot, and entry->wired_count of each entry of the process. */
function wirings(host: Scene): { readonly pages: string; readonly entries: string } {
  const { memory } = host.world
  const pages: string[] = []
  memory.eachResident(1, (index, frame) => {
    pages.push(`${index}:${memory.wireCount(frame)}`)
  })
  return {
    pages: pages.join(' '),
    entries: host
      .process(pid)
      .entries.map(({ wired }) => wired)
      .join(' '),
  }
}

describe('LAUNCH_UPDATE_DATA', () => {
  const begun = (): Scene => {
    const host = sevHost()
    for (const command of [START, ACTIVATE]) host.ask(command)
    return host
  }

  it('wires its range before the first page, and leaves none of it wired', () => {
    const host = begun()
    const thread = host.stopAt(update(2, 3), 'encryptingPage')
    expect(wirings(host)).to.deep.equal({ pages: '2:1 3:1 4:1', entries: '0 1 0' })
    expect(said(host.ask({ type: 'host.pageout', object: 'a1', page: 2 }))).to.equal('EBUSY uvmpd_scan')
    expect(host.resume(thread)).to.deep.equal({ ok: true })
    expect(wirings(host)).to.deep.equal({ pages: '2:0 3:0 4:0', entries: '0 0 0' })
    expect(said(host.ask({ type: 'host.pageout', object: 'a1', page: 2 }))).to.equal('ok')
    checkRun(host.played)
  })

  it('encrypts up to the page that the PSP refuses, and unwires all the same', () => {
    const host = begun()
    host.ask(lost(3))
    expect(said(host.ask(update(2, 4)))).to.equal('EAGAIN ccp_docmd')
    expect(wirings(host).pages).to.equal('2:0 3:0 4:0 5:0')
    expect([2, 3, 4, 5].map((page) => encryptedAt(host.world, 1, page) !== null)).to.deep.equal([
      true,
      true,
      false,
      false,
    ])
    checkRun(host.played)
  })

  it('undoes its wiring where memory and swap are full, and says so', () => {
    const used = begun().world.memory.framesUsed
    // Three tables and three pages.
    const host = sevHost({ ...RVI, frames: used + 6, swapSlots: 0 })
    for (const command of [START, ACTIVATE]) host.ask(command)
    expect(said(host.ask(update(0, 8)))).to.equal('ENOMEM uvm_fault_wire')
    expect(wirings(host)).to.deep.equal({ pages: '0:0 1:0 2:0', entries: '0' })
    expect(encryptedAt(host.world, 1, 0)).to.equal(null)
    checkRun(host.played)
  })

  it('leaves the wiring of a guest fault alone', () => {
    const host = begun()
    const fault = { handler: null, direct: false, qualification: 1, instructionLength: 3, decodeAssist: true }
    host.ask({ type: 'guest.fault', pid, vm: 1, vcpu: 0, gpa: 2 * PAGE, ...fault })
    host.ask(update(2, 2))
    expect(wirings(host).pages).to.equal('2:1 3:0')
    checkRun(host.played)
  })

  it("takes the caller's own lock of the range away", () => {
    const host = begun()
    host.ask({ type: 'host.mlock', pid, va: SLOT, size: 8 * PAGE })
    expect(wirings(host)).to.deep.equal({ pages: '0:1 1:1 2:1 3:1 4:1 5:1 6:1 7:1', entries: '1' })
    host.ask(update(2, 2))
    expect(wirings(host)).to.deep.equal({ pages: '0:1 1:1 2:0 3:0 4:1 5:1 6:1 7:1', entries: '1 0 1' })
    checkRun(host.played)
  })

  it('wires a page of two entries twice where its process had locked a part, and unwires it once', () => {
    const host = begun()
    host.ask({ type: 'host.mlock', pid, va: SLOT, size: 2 * PAGE })
    host.ask(update(0, 4))
    expect(wirings(host)).to.deep.equal({ pages: '0:1 1:1 2:0 3:0', entries: '0 0 0' })
    checkRun(host.played)
  })

  it('remembers neighbours in neighbouring frames as one stretch, and a page that was done again where it is', () => {
    const host = begun()
    host.ask(update(0, 6))
    const { guests } = pspOf(host.world)
    const pages = (): readonly (readonly [number, number])[] =>
      (pspOf(host.world).guests[1]?.encrypted ?? []).map((run) => [run.first, run.pages] as const)
    expect(guests[1]?.encrypted.reduce((sum, run) => sum + run.pages, 0)).to.equal(6)
    host.ask(update(2, 1))
    expect(pages().reduce((sum, [, count]) => sum + count, 0)).to.equal(6)
    for (const page of [0, 1, 2, 3, 4, 5]) {
      const at = encryptedAt(host.world, 1, page)
      expect(at?.frame, `page ${page}`).to.equal(host.world.memory.resident(1, page))
    }
    checkRun(host.played)
  })
})

describe('what is found in an encrypted page', () => {
  it('is noise to a process, the page to its guest, and noise to both once it was moved', () => {
    const { run, checkRun: check } = replayable(RVI)
    const found = (command: Command): unknown => {
      const outcome = run.dispatch(command)
      return 'value' in outcome ? outcome.value : outcome
    }
    const guest = { type: 'guest.touch', vm: 1, vcpu: 0, gpa: PAGE, access: 'r', value: null } as const
    const read = { type: 'host.read', pid, va: SLOT + PAGE } as const
    run.dispatch({ type: 'host.spawn', pid, pledge: [] })
    run.dispatch({ type: 'ioc.create', pid, ranges: [ram(0, 8)], ncpus: 1, name: 'vm', sev: true })
    run.dispatch({ type: 'host.write', pid, va: SLOT + PAGE, value: 7 })
    for (const command of [START, ACTIVATE, update(1, 1), MEASURE, FINISH]) run.dispatch(command)
    expect(found(read)).to.equal(null)
    run.dispatch({ type: 'ioc.run', pid, vm: 1, vcpu: 0 })
    expect(found(guest)).to.equal(7)
    run.dispatch({ type: 'host.pageout', object: 'a1', page: 1 })
    // Somebody else has the frame when the page comes back.
    run.dispatch({ type: 'host.mmap', pid, va: 0x400000, size: PAGE })
    run.dispatch({ type: 'host.touch', pid, va: 0x400000, access: 'w' })
    expect(found(guest)).to.equal(null)
    expect(found(read)).to.equal(null)
    run.dispatch(on('psp.guestshutdown'))
    expect(found(read)).to.equal(7)
    check()
  })
})
