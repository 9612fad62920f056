/** A run as an actor: it takes commands, emits events, and its snapshots are values that can be gone on from. */
import { expect } from 'chai'
import { createActor } from 'xstate'
import type { RunActorSnapshot } from '../../src/engine/actor.ts'
import { runLogic } from '../../src/engine/actor.ts'
import { createRun } from '../../src/engine/run.ts'

const spawn = { type: 'host.spawn', pid: 100, pledge: [] } as const
const create = {
  type: 'ioc.create',
  pid: 100,
  ranges: [{ gpa: 0, size: 0x4000, memtype: 0, va: 0 }],
  ncpus: 1,
  name: 'vm',
} as const
const term = { type: 'ioc.term', pid: 100, vm: 1 } as const

describe('runLogic', () => {
  it('answers each command in its snapshot and emits what became true', () => {
    const actor = createActor(runLogic, { input: { boot: { mode: 'rvi' } } })
    const types: string[] = []
    const seen: RunActorSnapshot[] = []
    actor.on('recorded', ({ event }) => types.push(event.type))
    actor.subscribe((snapshot) => seen.push(snapshot))
    actor.start()
    actor.send(spawn)
    actor.send(create)
    expect(seen.map(({ outcome }) => outcome)).to.deep.equal([
      null,
      { ok: true },
      { ok: true, id: 1, va: [0x1000000000], poscbit: 51, asid: [1] },
    ])
    expect(types).to.include.members(['process.spawned', 'slot.held', 'vm.registered'])
    expect(actor.getSnapshot().world.boot.mode).to.equal('rvi')
  })

  it('goes on from a persisted snapshot, also in the middle of an ioctl', () => {
    const actor = createActor(runLogic, { input: {} }).start()
    actor.send(spawn)
    actor.send({ type: 'thread.start', thread: 'C', command: create })
    for (let step = 0; step < 9; step++) actor.send({ type: 'thread.step', thread: 'C' })
    const again = createActor(runLogic, { snapshot: actor.getPersistedSnapshot(), input: {} }).start()
    for (const one of [actor, again]) {
      while (one.getSnapshot().world.threads.C !== undefined) one.send({ type: 'thread.step', thread: 'C' })
    }
    const [{ memory: a, ...left }, { memory: b, ...right }] = [actor.getSnapshot().world, again.getSnapshot().world]
    expect(right).to.deep.equal(left)
    expect(b.version).to.equal(a.version)
    expect(left.softc.vmCt).to.equal(1)
  })

  it('leaves an older snapshot as it was when it goes on from it', () => {
    const run = createRun({})
    const before = run.world
    run.dispatch(spawn)
    expect(before.processes).to.deep.equal({})
    const actor = createActor(runLogic, { input: {} }).start()
    actor.send(spawn)
    actor.send(create)
    const kept = actor.getSnapshot()
    actor.send(term)
    expect(kept.world.softc.vmCt).to.equal(1)
    expect(actor.getSnapshot().world.softc.vmCt).to.equal(0)
  })
})
