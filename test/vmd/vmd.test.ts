/**
 * vmd's own sequence, on the designs before and after the patch: a guest starts, runs and ends, one way or another, and
 * what is left then.
 */
import { expect } from 'chai'
import { DESIGNS, designNamed } from '../../src/design/designs.ts'
import { createRun, type Run } from '../../src/engine/run.ts'
import { Monitor } from '../../src/invariant/monitor.ts'
import type { Played } from '../../src/scenario/play.ts'
import { memoryRefusal, VMD_MEMORY_MAX } from '../../src/vmd/memory-map.ts'
import { Stage } from '../../src/vmd/stage.ts'
import { playVmd, sweep, VMD_ENDS, type VmdEnd, type VmdOptions } from '../../src/vmd/vmd.ts'

const GIB = 2 ** 30
const SMALL: VmdOptions = { memory: 64 * 2 ** 20, devices: 2, faults: 20 }

function answers(played: readonly Played[]): readonly string[] {
  return played.map(({ result, command }) => {
    if (result.kind !== 'answered') return result.kind === 'noted' ? `note: ${result.text}` : result.place
    const { outcome } = result
    if ('blocked' in outcome) return `${command?.type} in the ${outcome.blocked}`
    return `${command?.type} ${outcome.ok ? 'ok' : 'errno' in outcome ? outcome.errno : 'panic'}`
  })
}

/** Numbers of the invariants that report, and what is there at the end. */
function judged(
  run: Run,
  steps: (run: Run) => Iterable<Played>,
): { readonly ids: string; readonly told: readonly string[] } {
  const ids = new Set<string>()
  const monitor = new Monitor(run.world, { report: ({ id }) => ids.add(id) })
  run.subscribe((recorded) => monitor.take(recorded, run.current))
  const told = answers([...steps(run)])
  return { ids: [...ids].sort().join(' '), told }
}

function left({ world: { vms, pmaps, objects, processes, memory, softc, pools } }: Run): object {
  const live = { vms, pmaps, objects, processes }
  const names = Object.entries(live).flatMap(([name, records]) => (Object.keys(records).length > 0 ? [name] : []))
  return { names, used: memory.framesUsed, pv: memory.pvCount, on: softc.on, vcpus: pools.vcpu }
}

const NOTHING = { names: [], used: 0, pv: 0, on: false, vcpus: 0 }

describe('vmd', () => {
  for (const design of DESIGNS)
    for (const mode of ['ept', 'rvi'] as const)
      it(`starts a guest with devices and ends it on ${design.name}, ${mode}`, () => {
        const run = createRun({ design, boot: { mode } })
        const told = answers([...playVmd(run, { memory: GIB, devices: 2, faults: 500 })])
        expect(told).to.include('note: the guest touched 500 pages: 500 nested faults')
        expect(told.filter((one) => !/ ok$|guest$|^note: /.test(one))).to.deep.equal([])
        expect(told.at(-1)).to.equal('host.exit ok')
        expect(left(run)).to.deep.equal(NOTHING)
      })

  it('gets no further than the kernel lets it, and says how far that is', () => {
    const run = createRun({})
    const told = answers([...playVmd(run, { memory: 200 * GIB, devices: 1, faults: 1 })])
    expect(told).to.include('ioc.create EINVAL')
    expect(told.find((one) => one.includes('the kernel refuses 200G'))).to.match(/the largest is 130816M$/)
    expect(told).to.not.include('ioc.run ok')
    // vmm_start() comes first, and nobody stops what a refused CREATE has started.
    expect(left(run)).to.deep.equal({ ...NOTHING, on: true })
  })

  it('says of each size what the kernel makes of it', () => {
    for (const memory of [
      VMD_MEMORY_MAX,
      VMD_MEMORY_MAX + 4096,
      5 * 2 ** 20,
      5 * 2 ** 20 + 4096,
      GIB + 1,
      0,
      128 * GIB,
    ]) {
      const told = answers([...playVmd(createRun({}), { memory, devices: 0, faults: 1 })])
      expect(told.includes('ioc.create ok'), String(memory)).to.equal(memoryRefusal(memory) === null)
    }
  })

  it('narrows what its processes may do: a device process has no way to vmm any more', () => {
    const run = createRun({})
    for (const _ of playVmd(run, SMALL)) {
      const device = run.current.processes[30]
      if (device?.pledge.join() === 'stdio') break
    }
    expect(run.dispatch({ type: 'ioc.info', pid: 30, size: 0 })).to.include({ ok: false, errno: 'EPERM' })
    expect(run.dispatch({ type: 'host.pledge', pid: 30, pledge: ['vmm'] })).to.include({ ok: false, errno: 'EPERM' })
    expect(run.dispatch({ type: 'host.pledge', pid: 30, pledge: ['stdio'] })).to.deep.equal({ ok: true })
    expect(run.dispatch({ type: 'host.pledge', pid: 30, pledge: [] })).to.include({ ok: false, errno: 'EINVAL' })
    expect(run.dispatch({ type: 'host.pledge', pid: 999, pledge: ['stdio'] })).to.include({ ok: false, errno: 'ESRCH' })
  })

  it('has a vm process that may run its own VM and no other', () => {
    const run = createRun({})
    const played = playVmd(run, { ...SMALL, vms: 2 })
    for (const { command } of played) if (command?.type === 'ioc.run' && command.pid === 1020) break
    expect(run.dispatch({ type: 'ioc.resetcpu', pid: 20, vm: 2, vcpu: 0 })).to.include({ ok: false, errno: 'EPERM' })
    expect(run.current.processes[20]?.killed).to.equal(true)
  })
})

/**
 * What each end shows, whichever design it is: a page stays wired in a device process that outlives the VM (I09, I71);
 * a VM outlives all who could end it (I70); TERM waits for a guest that nobody kicks (I72). On the patch, the guest's first page was there too early (I02, I06).
 */
const SHOWN: Readonly<Record<VmdEnd, string>> = {
  shutdown: '',
  'crash-vm': 'I09 I71',
  'crash-device': 'I09 I71',
  'crash-vmm': 'I70',
  stop: 'I09 I71 I72',
}

describe('the end of a VM', () => {
  for (const end of VMD_ENDS)
    for (const design of ['aobj', 'vmspace'] as const) {
      it(`shows what it leaves to others: ${end} on ${design}`, () => {
        const run = createRun({ design: designNamed(design) })
        const { ids } = judged(run, (one) => playVmd(one, { ...SMALL, end }))
        const early = design === 'aobj' ? ['I02', 'I06'] : []
        const wanted = [...early, ...SHOWN[end].split(' ').filter((id) => id !== '')].sort().join(' ')
        expect(ids).to.equal(wanted)
      })

      it(`leaves nothing once vmd was started again: ${end} on ${design}`, () => {
        const run = createRun({ design: designNamed(design) })
        const told = answers([...playVmd(run, { ...SMALL, end, restart: true, vms: 2 })])
        expect(told.filter((one) => one === 'ioc.term ok')).to.have.length(2)
        expect(told.at(-1)).to.equal(end === 'crash-vmm' ? 'ioc.term ok' : 'ioc.info ok')
        expect(run.dispatch({ type: 'host.exit', pid: 11 })).to.deep.equal({ ok: true })
        expect(left(run)).to.deep.equal(NOTHING)
      })
    }

  it('is waited for by TERM while the vCPU runs, and TERM of the dead VM finds none', () => {
    const told = answers([...playVmd(createRun({}), { ...SMALL, end: 'stop' })])
    const from = told.indexOf('ioc.term in the refcnt_finalize')
    expect(told.slice(from, from + 5).filter((one) => !one.startsWith('note'))).to.deep.equal([
      'ioc.term in the refcnt_finalize',
      'guest.leave ok',
      'ioc.term ok',
      'ioc.run ENOENT',
    ])
    expect(told).to.include('ioc.term ENOENT')
  })

  it('is missed by a sweep that meets the entry of a VM that somebody is taking apart', () => {
    const run = createRun({ design: designNamed('aobj') })
    run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
    const ranges = [{ gpa: 0, size: 0x1000, memtype: 0, va: 0 }]
    for (const _ of [1, 2]) run.dispatch({ type: 'ioc.create', pid: 100, ranges, ncpus: 1, name: 'vm' })
    const other = run.start({ type: 'ioc.term', pid: 100, vm: 2 })
    while (run.next(other).name !== 'uncounting') run.step(other)
    const told = answers([...sweep(new Stage(run), 11)])
    expect(told.filter((one) => one.startsWith('ioc.term'))).to.deep.equal(['ioc.term ok', 'ioc.term ENOENT'])
    expect(told.at(-1)).to.equal('note: the sweep ends at id 0')
  })
})
