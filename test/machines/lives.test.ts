/**
 * The lives of the entities: what may follow what, and what each step makes true.
 */
import type { Frame, Hva } from '../../events/address.ts'
import type { ObjectRef, VmRef } from '../../events/ids.ts'
import type { PagedaemonInput, PspInput, SlotInput, VcpuInput, VmInput } from '../../machines/tell.ts'
import { LIVES } from '../../src/engine/routines.ts'
import { isTable, startedAt } from '../support/given.ts'

const vm = 3 as VmRef
const object = 7 as ObjectRef

describe('the life of a VM', () => {
  const register: VmInput = { type: 'register', id: 5 }
  const condemn: VmInput = { type: 'condemn' }
  const unlink: VmInput = { type: 'unlink' }
  const teardown: VmInput = { type: 'teardown' }
  const free: VmInput = { type: 'free' }
  const given = startedAt(LIVES.vm, { vm })

  isTable(
    LIVES.vm,
    { vm },
    { register, condemn, unlink, teardown, free },
    `
                register    condemn    unlink    teardown  free
    allocated   registered  ENG010     ENG010    tearing   ENG010
    registered  ENG010      condemned  unlinked  tearing   ENG010
    condemned   ENG010      ENG010     unlinked  tearing   ENG010
    unlinked    ENG010      ENG010     ENG010    tearing   ENG010
    tearing     ENG010      ENG010     ENG010    ENG010    freed
    freed       ENG010      ENG010     ENG010    ENG010    ENG010
    `,
  )

  it('has an id from its registration on', () =>
    given().when(register).yields('registered', { type: 'vm.registered', vm, id: 5 }))
  it('is condemned by one caller only', () => {
    given(register).when(condemn).yields('condemned', { type: 'vm.condemned', vm })
    given(register, condemn).when(condemn).isRefused('ENG010')
  })
  it('leaves the list once', () => {
    given(register).when(unlink).yields('unlinked', { type: 'vm.unlinked', vm })
    given(register, unlink).when(unlink).isRefused('ENG010')
  })
  it('is torn down from wherever it stands, wise or not', () => {
    const before = [[], [register], [register, condemn], [register, condemn, unlink]]
    for (const inputs of before)
      given(...inputs)
        .when(teardown)
        .yields('tearing', { type: 'vm.teardownBegun', vm })
  })
  it('is over when its struct is back in the pool', () => {
    given(register, unlink, teardown).when(free).yields('freed', { type: 'vm.freed', vm })
    given(teardown, free).when(register).isRefused('ENG010')
  })
})

describe('the life of a memory slot', () => {
  const hva = 0x1000000000 as Hva
  const created: SlotInput = { type: 'uao.created', object }
  const mapped: SlotInput = { type: 'uvm.mapped', hva }
  const sealed: SlotInput = { type: 'uvm.sealed' }
  const referenced: SlotInput = { type: 'uao.referenced', object }
  const refused: SlotInput = { type: 'uvm.refused' }
  const detached: SlotInput = { type: 'uao.detached' }
  const shared: SlotInput = { type: 'uvm.shared', hva }
  const unshared: SlotInput = { type: 'uvm.unshared' }
  const given = startedAt(LIVES.slot, { vm, slot: 2 })

  isTable(
    LIVES.slot,
    { vm, slot: 2 },
    { created, mapped, sealed, referenced, refused, detached, shared, unshared },
    `
               created  mapped  sealed  referenced  refused    detached  shared  unshared
    none       backed   ENG010  ENG010  ENG010      abandoned  ENG010    shared  ENG010
    backed     ENG010   mapped  ENG010  ENG010      abandoned  ENG010    ENG010  ENG010
    mapped     ENG010   ENG010  sealed  ENG010      abandoned  ENG010    ENG010  ENG010
    sealed     ENG010   ENG010  ENG010  held        ENG010     ENG010    ENG010  ENG010
    held       ENG010   ENG010  ENG010  ENG010      ENG010     released  ENG010  ENG010
    shared     ENG010   ENG010  ENG010  ENG010      ENG010     ENG010    ENG010  released
    released   ENG010   ENG010  ENG010  ENG010      ENG010     ENG010    ENG010  ENG010
    abandoned  ENG010   ENG010  ENG010  ENG010      ENG010     ENG010    ENG010  ENG010
    `,
  )

  it('is backed before it is mapped', () =>
    given().when(created).yields('backed', { type: 'slot.backed', vm, slot: 2, object }))
  it('knows where the creator has it', () =>
    given(created).when(mapped).yields('mapped', { type: 'slot.mapped', vm, slot: 2, hva }))
  it('is sealed before vmm takes a reference of its own', () => {
    given(created, mapped).when(sealed).yields('sealed', { type: 'slot.sealed', vm, slot: 2 })
    given(created, mapped).when(referenced).isRefused('ENG010')
    given(created, mapped, sealed).when(referenced).yields('held', { type: 'slot.held', vm, slot: 2, object })
  })
  it('is abandoned when it cannot be mapped or sealed', () => {
    given(created).when(refused).yields('abandoned', { type: 'slot.abandoned', vm, slot: 2 })
    given(created, mapped).when(refused).yields('abandoned', 'slot.abandoned')
  })
  it('is never held twice', () => {
    given(created, mapped, sealed, referenced).when(referenced).isRefused('ENG010')
    given(created, mapped, sealed, referenced, detached).when(referenced).isRefused('ENG010')
  })
  it('is shared from the creator, and released once, before the patch', () => {
    given().when(shared).yields('shared', { type: 'slot.shared', vm, slot: 2, hva })
    given(shared).when(unshared).yields('released', { type: 'slot.released', vm, slot: 2 })
    given(shared, unshared).when(unshared).isRefused('ENG010')
    given().when(refused).yields('abandoned', 'slot.abandoned')
  })
  it('is released once', () => {
    const held = [created, mapped, sealed, referenced]
    given(...held)
      .when(detached)
      .yields('released', { type: 'slot.released', vm, slot: 2 })
    given(...held, detached)
      .when(detached)
      .isRefused('ENG010')
  })
})

describe('the life of a vCPU', () => {
  const at = { vm, vcpu: 0 }
  const run: VcpuInput = { type: 'run' }
  const enter: VcpuInput = { type: 'enter' }
  const fault: VcpuInput = { type: 'fault', gpa: 0x5000 }
  const leave: VcpuInput = { type: 'leave', reason: 'guest' }
  const stop: VcpuInput = { type: 'stop' }
  const kill: VcpuInput = { type: 'kill', errno: 'EFAULT' }
  const deinit: VcpuInput = { type: 'deinit' }
  const poke = (state: number): VcpuInput => ({ type: 'poke', state })
  const given = startedAt(LIVES.vcpu, at)

  isTable(
    LIVES.vcpu,
    at,
    { run, enter, fault, leave, stop, kill, poke0: poke(0), poke1: poke(1), poke2: poke(2), poke3: poke(3), deinit },
    `
                run      enter    fault     leave     stop    kill        poke0     poke1     poke2     poke3       deinit
    ready       running  ENG010   ENG010    ENG010    ENG010  ENG010      ready     running   running   terminated  gone
    running     running  inGuest  ENG010    ENG010    ENG010  terminated  running   running   running   running     gone
    inGuest     ENG010   ENG010   handling  handling  ENG010  terminated  inGuest   inGuest   inGuest   inGuest     gone
    handling    ENG010   inGuest  ENG010    ENG010    ready   terminated  handling  handling  handling  handling    gone
    terminated  ENG010   ENG010   ENG010    ENG010    ENG010  ENG010      ready     running   running   terminated  gone
    gone        ENG010   ENG010   ENG010    ENG010    ENG010  ENG010      ENG010    ENG010    ENG010    ENG010      ENG010
    `,
  )

  it('enters the guest only once it runs', () => {
    given()
      .when(run)
      .yields('running', { type: 'vcpu.started', ...at })
    given(run)
      .when(enter)
      .yields('inGuest', { type: 'vcpu.entered', ...at })
    given().when(enter).isRefused('ENG010')
  })
  it('faults in the guest, and nowhere else', () => {
    given(run, enter)
      .when(fault)
      .yields('handling', { type: 'vcpu.faulted', ...at, gpa: 0x5000 })
    given(run, enter, fault).when(fault).isRefused('ENG010')
  })
  it('goes back into the guest when the fault was handled', () =>
    given(run, enter, fault).when(enter).yields('inGuest', 'vcpu.entered'))
  it('leaves for a reason', () => {
    given(run, enter)
      .when(leave)
      .yields('handling', { type: 'vcpu.exited', ...at, reason: 'guest' })
    given(run, enter)
      .when({ type: 'leave', reason: 'signal' })
      .yields('handling', { type: 'vcpu.exited', ...at, reason: 'signal' })
  })
  it('stops, and can run again', () => {
    given(run, enter, leave)
      .when(stop)
      .yields('ready', { type: 'vcpu.stopped', ...at })
    given(run, enter, leave, stop).when(run).yields('running', 'vcpu.started')
  })
  it('never runs again after an error', () => {
    given(run, enter, fault)
      .when(kill)
      .yields('terminated', { type: 'vcpu.terminated', ...at, errno: 'EFAULT' })
    given(run, enter, fault, kill).when(run).isRefused('ENG010')
  })
  it('stands where a debugger puts its state word, unless somebody runs it', () => {
    given()
      .when(poke(3))
      .yields('terminated', { type: 'vcpu.poked', ...at, state: 3 })
    given(poke(3))
      .when(poke(0))
      .yields('ready', { type: 'vcpu.poked', ...at, state: 0 })
    given(run, enter)
      .when(poke(3))
      .yields('inGuest', { type: 'vcpu.poked', ...at, state: 3 })
    given(run, enter, poke(3), leave).when(stop).yields('ready', 'vcpu.stopped')
  })
  it('runs when its state word says so, also where a runner was lost', () =>
    given(run, poke(0)).when(run).yields('running', 'vcpu.started'))
  it('is gone when it is deinitialised', () => {
    given()
      .when(deinit)
      .yields('gone', { type: 'vcpu.deinitialised', ...at })
    given(deinit).when(run).isRefused('ENG010')
  })
})

describe('the life of a process', () => {
  isTable(
    LIVES.process,
    { pid: 100 },
    { exit: { type: 'exit' } },
    `
            exit
    alive   exited
    exited  ENG010
    `,
  )
  it('ends once', () =>
    startedAt(LIVES.process, { pid: 100 })()
      .when({ type: 'exit' })
      .yields('exited', { type: 'process.exited', pid: 100 }))
})

describe('the page daemon', () => {
  const frame = 40 as Frame
  const busy: PagedaemonInput = { type: 'busy', frame }
  const evicted: PagedaemonInput = { type: 'evicted', object, index: 5 }
  const spare: PagedaemonInput = { type: 'spare', frame }
  const given = startedAt(LIVES.pagedaemon, {})

  isTable(
    LIVES.pagedaemon,
    {},
    { busy, evicted, spare },
    `
              busy      evicted  spare
    idle      evicting  ENG010   ENG010
    evicting  ENG010    idle     idle
    `,
  )
  it('evicts one page at a time', () => {
    given().when(busy).yields('evicting', { type: 'page.busied', frame })
    given(busy).when(busy).isRefused('ENG010')
  })
  it('is idle again once the page is gone', () =>
    given(busy).when(evicted).yields('idle', { type: 'page.evicted', object, index: 5 }))
  it('is idle again when it gave up on the page', () =>
    given(busy).when(spare).yields('idle', { type: 'page.spared', frame }))
})

describe('the life of a guest of the PSP', () => {
  const handle = 2
  const start: PspInput = { type: 'start', es: true }
  const activate: PspInput = { type: 'activate', asid: 3 }
  const page = { pid: 100, va: 0x1000 as Hva, object, index: 5, frame: 40 as Frame, generation: 1 }
  const encrypt: PspInput = { type: 'encrypt', ...page }
  const state: PspInput = { type: 'encryptState', vm, vcpu: 0 }
  const measure: PspInput = { type: 'measure' }
  const finish: PspInput = { type: 'finish' }
  const deactivate: PspInput = { type: 'deactivate', asid: 3 }
  const decommission: PspInput = { type: 'decommission' }
  const given = startedAt(LIVES.psp, { handle })

  isTable(
    LIVES.psp,
    { handle },
    { start, activate, encrypt, state, measure, finish, deactivate, decommission },
    `
                    start         activate      encrypt       state         measure       finish   deactivate    decommission
    uninitialised   launchUpdate  ENG010        ENG010        ENG010        ENG010        ENG010   ENG010        ENG010
    launchUpdate    ENG010        launchUpdate  launchUpdate  launchUpdate  launchSecret  ENG010   launchUpdate  decommissioned
    launchSecret    ENG010        launchSecret  ENG010        ENG010        ENG010        running  launchSecret  decommissioned
    running         ENG010        running       ENG010        ENG010        ENG010        ENG010   running       decommissioned
    decommissioned  ENG010        ENG010        ENG010        ENG010        ENG010        ENG010   ENG010        ENG010
    `,
  )
  it('begins with a key and a policy', () =>
    given().when(start).yields('launchUpdate', { type: 'psp.launched', handle, es: true }))
  it('says where each page was encrypted', () =>
    given(start, activate)
      .when(encrypt)
      .yields('launchUpdate', { type: 'psp.encrypted', handle, ...page }))
  it('says whose registers were encrypted', () =>
    given(start, activate).when(state).yields('launchUpdate', { type: 'psp.stateEncrypted', handle, vm, vcpu: 0 }))
  it('is measured once, and finished', () => {
    given(start).when(measure).yields('launchSecret', { type: 'psp.measured', handle })
    given(start, measure).when(finish).yields('running', { type: 'psp.finished', handle })
  })
  it('gets an ASID and gives it back, running or not', () => {
    given(start).when(activate).yields('launchUpdate', { type: 'psp.activated', handle, asid: 3 })
    given(start, measure, finish).when(deactivate).yields('running', { type: 'psp.deactivated', handle, asid: 3 })
  })
  it('is over with its key', () =>
    given(start).when(decommission).yields('decommissioned', { type: 'psp.decommissioned', handle }))
})
