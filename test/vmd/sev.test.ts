/**
 * What vmd asks of the PSP around an encrypted guest, and what it comes to when the PSP says no.
 *
 * Source: usr.sbin/vmd/sev.c 1.7 (2025-06-04); start_vm() and run_vm() of usr.sbin/vmd/vm.c.
 */
import { expect } from 'chai'
import { type Boot, DEFAULT_SEV } from '../../events/boot.ts'
import { DESIGNS } from '../../src/design/designs.ts'
import { createRun, type Run } from '../../src/engine/run.ts'
import { encryptedAt, pspOf } from '../../src/model/psp.ts'
import { type SevKind, segmentsOf } from '../../src/vmd/sev.ts'
import { playVmd } from '../../src/vmd/vmd.ts'

const ES: Partial<Boot> = { mode: 'rvi', sev: { ...DEFAULT_SEV, noes: 5 } }

/** The run, and the requests to the PSP and to vmm(4) in order, each with how it ended. */
function played(sev: SevKind, { boot = ES, design = 'aobj-dying', fails = 0 } = {}): { run: Run; asked: string[] } {
  const run = createRun({ boot, design })
  if (fails > 0) run.dispatch({ type: 'fail.next', fn: 'ccp_docmd', k: fails, errno: 'EIO' })
  const asked: string[] = []
  for (const { command, result } of playVmd(run, { memory: 64 * 2 ** 20, devices: 0, faults: 10, sev })) {
    if (command === null || result.kind !== 'answered' || !/^(psp|ioc)\.|exit/.test(command.type)) continue
    const { outcome } = result
    asked.push(`${command.type}${'errno' in outcome ? ` ${outcome.errno}` : ''}`)
  }
  return { run, asked }
}

const START = ['ioc.create', 'psp.pstatus', 'psp.launchstart', 'psp.gstatus', 'ioc.resetcpu']
const ACTIVATE = ['psp.dfflush', 'psp.activate', 'psp.gstatus']
const UPDATE = ['psp.launchupdate', 'psp.launchupdate']
const FINISH = ['psp.launchmeasure', 'psp.launchfinish', 'psp.gstatus']
const EXITS = ['host.exit', 'host.exit']
const END = ['psp.guestshutdown', 'host.exit', 'ioc.term', ...EXITS]

describe('vmd around an encrypted guest', () => {
  for (const { name } of DESIGNS) {
    it(`launches it before it runs, and gives it up before it exits: ${name}`, () => {
      const { run, asked } = played('sev', { design: name })
      expect(asked).to.deep.equal([...START, ...ACTIVATE, ...UPDATE, ...FINISH, 'ioc.run', ...END])
      expect(pspOf(run.current)).to.deep.include({ guests: {}, unflushed: [], lock: null })
      expect(run.current.vms).to.deep.equal({})
    })
    it(`has the registers encrypted as well: ${name}`, () => {
      const { asked } = played('seves', { design: name })
      expect(asked).to.deep.equal([...START, ...ACTIVATE, ...UPDATE, 'psp.encryptstate', ...FINISH, 'ioc.run', ...END])
    })
  }

  it('leaves the VM behind where the host has no PSP', () => {
    const { run, asked } = played('sev', { boot: { mode: 'ept' } })
    expect(asked).to.deep.equal(['ioc.create', 'psp.pstatus ENXIO', 'host.exit', ...EXITS])
    expect(run.current.softc.vmCt).to.equal(1)
    expect(run.current.processes).to.deep.equal({})
  })

  it('leaves the VM behind where the PSP does not launch it', () => {
    const { run, asked } = played('sev', { fails: 2 })
    expect(asked).to.deep.equal(['ioc.create', 'psp.pstatus', 'psp.launchstart EIO', 'host.exit', ...EXITS])
    expect(run.current.softc.vmCt).to.equal(1)
  })

  /** The commands up to the one that fails; the launch has three before the vCPU is reset. */
  const steps = [...ACTIVATE, 'psp.launchupdate', 'psp.encryptstate', ...FINISH]
  for (const [step, fails] of [
    ['psp.dfflush', 4],
    ['psp.activate', 5],
    ['psp.launchupdate', 7],
    ['psp.encryptstate', 27],
    ['psp.launchmeasure', 28],
    ['psp.launchfinish', 29],
  ] as const)
    it(`does not run it where ${step} fails, and terminates it`, () => {
      expect(steps).to.include(step)
      const { run, asked } = played('seves', { fails })
      expect(asked).to.include(`${step} EIO`)
      expect(asked).not.to.include('ioc.run')
      expect(asked.slice(-END.length)).to.deep.equal(END)
      expect(run.current.vms).to.deep.equal({})
      expect(pspOf(run.current).guests).to.deep.equal({})
    })

  it('has what the loader wrote encrypted, where it is, and nothing else', () => {
    const run = createRun({ boot: ES })
    const encrypted: string[] = []
    run.subscribe(({ event }) => {
      if (event.type === 'psp.encrypted') encrypted.push(`${event.object}:${event.index}`)
      if (event.type !== 'psp.finished') return
      for (const one of encrypted) {
        const [object = 0, index = 0] = one.split(':').map(Number)
        expect(encryptedAt(run.current, object, index)?.frame, one).to.equal(run.current.memory.resident(object, index))
      }
    })
    for (const _ of playVmd(run, { memory: 64 * 2 ** 20, devices: 0, faults: 0, sev: 'sev' }));
    expect(encrypted).to.have.length(20)
    expect(encrypted.slice(0, 4)).to.deep.equal(['1:0', '1:1', '1:2', '1:3'])
  })
})

describe('the segments that are encrypted', () => {
  it('are the neighbours among the pages that were written', () => {
    const pages = [0x1000, 0x2000, 0x8000, 0x9000, 0x4000].map((hva) => ({ hva }))
    expect(segmentsOf(pages)).to.deep.equal([
      { va: 0x1000, size: 0x2000 },
      { va: 0x8000, size: 0x2000 },
      { va: 0x4000, size: 0x1000 },
    ])
    expect(segmentsOf([])).to.deep.equal([])
  })
})
