/**
 * Worlds of earlier versions get what their records lack; those of today stay as they are.
 */
import { expect } from 'chai'
import { createRun, type RunSnapshot } from '../../src/engine/run.ts'
import { upcast, type WorldRecords } from '../../src/model/upcast.ts'
import type { Vcpu, Vm } from '../../src/model/world.ts'
import { decodeSnapshot } from '../../src/replay/timeline.ts'
import { readTape } from '../../src/tape/file.ts'

const PAGE = 4096

/** A run in the middle of a vm_create(), beside a VM whose guest runs. */
function busyRun(mode: 'ept' | 'rvi'): RunSnapshot {
  const run = createRun({ boot: { mode, cpus: 2, frames: 4096 } })
  const create = {
    type: 'ioc.create' as const,
    pid: 100,
    ranges: [{ gpa: 0, size: PAGE, memtype: 0, va: 0 }],
    ncpus: 1,
    name: 'vm',
  }
  run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
  run.dispatch(create)
  run.dispatch({ type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 })
  run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'rw' })
  run.start(create, 'C')
  for (let i = 0; i < 12; i += 1) run.step('C')
  return run.snapshot()
}

/** The names of all fields of the records of a kind, as one of them. */
function fieldsOf(records: object): readonly string[] {
  return Object.keys(Object.values(records)[0] as object).sort()
}

describe('upcast', () => {
  for (const mode of ['ept', 'rvi'] as const)
    it(`leaves a world of today as it is: ${mode}`, () => {
      const { records } = busyRun(mode)
      expect(upcast(records)).to.deep.equal(records)
    })

  it('gives the records of a tape of version 1 all the fields that records have today', () => {
    const reader = readTape('snapshots/tapes/v1.tape')
    const frame = reader.snapshotBefore(Number.MAX_SAFE_INTEGER)
    const { records } = decodeSnapshot(frame?.payload ?? new Uint8Array())
    const today = busyRun('ept').records
    expect(Object.keys(records).sort()).to.deep.equal(Object.keys(today).sort())
    for (const kind of ['vms', 'pmaps', 'processes', 'threads', 'cpus'] as const)
      expect(fieldsOf(records[kind]), kind).to.deep.equal(fieldsOf(today[kind]))
    const [old, young] = [records, today].map(({ vms }) => Object.values(vms)[0]?.slots ?? [])
    expect(fieldsOf(old ?? [])).to.deep.equal(fieldsOf(young ?? []))
    expect(Object.keys(records.boot).sort()).to.deep.equal(Object.keys(today.boot).sort())
    expect(records.cpus).to.deep.equal([{ on: records.softc.on, eptPmap: null, vmcs: null, freed: [] }])
  })

  it('gives a vCPU that knew of no CPU what it lacks', () => {
    const { records } = busyRun('ept')
    const vm = records.vms[1] as Vm
    const { id, state, life, lock } = vm.vcpus[0] as Vcpu
    const vms = { ...records.vms, 1: { ...vm, vcpus: [{ id, state, life, lock }] } }
    const filled = upcast({ ...records, vms } as unknown as WorldRecords).vms[1]?.vcpus[0]
    expect(Object.keys(filled ?? {}).sort()).to.deep.equal(fieldsOf(vm.vcpus))
    expect(filled).to.deep.include({
      life,
      lock,
      asid: 0,
      lastCpu: null,
      vmcs: { state: 'clear', launched: false, active: [] },
    })
  })

  it('keeps what a stored record has, whatever today says', () => {
    const { records } = busyRun('ept')
    const stored = { ...records, boot: { ...records.boot, asids: 7 } } as WorldRecords
    expect(upcast(stored).boot.asids).to.equal(7)
  })
})
