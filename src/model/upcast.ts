/**
 * Worlds that were stored by an earlier version: what their records lack is what today's defaults say. Every reader of
 * a stored world goes through here; a field that a record is given gets its line below.
 */
import { DEFAULT_BOOT } from '../../events/boot.ts'
import { cpusOf, IDLE_CPU } from './cpu.ts'
import type { MemoryReader } from './memory.ts'
import {
  bootWorld,
  NO_LOCALS,
  type Pmap,
  type Process,
  type Slot,
  type Softc,
  type Thread,
  type Vcpu,
  type Vm,
  type World,
} from './world.ts'

/** A world without its memory. */
export type WorldRecords = Omit<World, 'memory'>

/** What records of version 1 lack. */
const SOFTC: Partial<Softc> = {}
const VM: Partial<Vm> = {}
const SLOT: Partial<Slot> = {}
const VCPU: Partial<Vcpu> = { asid: 0, lastCpu: null, tlbControl: 'none', cachedOn: null, nestedCr3: null }
const PMAP: Partial<Pmap> = { eptp: null }
const PROCESS: Partial<Process> = {}
const THREAD: Partial<Thread> = { cpu: 0 }

function each<Value>(records: Readonly<Record<string, Value>>, fill: (value: Value) => Value): Record<string, Value> {
  return Object.fromEntries(Object.entries(records).map(([key, value]) => [key, fill(value)]))
}

/** A record whose missing fields are `defaults`. */
function filled<Value extends object>(defaults: Partial<Value>): (value: Value) => Value {
  return (value) => ({ ...defaults, ...value })
}

/** `stored` as a world of today; one of today stays as it is. */
export function upcast(stored: WorldRecords): WorldRecords {
  const boot = { ...DEFAULT_BOOT, ...stored.boot }
  const { memory: _, ...base } = bootWorld(boot, null as unknown as MemoryReader)
  const vmcs = boot.mode === 'ept' ? ({ state: 'clear', launched: false, active: [] } as const) : null
  const vcpu = filled<Vcpu>({ ...VCPU, vmcs })
  // Before there were CPUs, virtualization was on or off on all of them.
  const cpus = cpusOf(boot, { ...IDLE_CPU, on: stored.softc.on && stored.softc.status === 'active' })
  return {
    ...base,
    ...({ cpus } as Partial<World>),
    ...stored,
    boot,
    softc: { ...base.softc, ...SOFTC, ...stored.softc },
    made: { ...base.made, ...stored.made },
    pools: { ...base.pools, ...stored.pools },
    vms: each(stored.vms, (vm) => ({
      ...VM,
      ...vm,
      slots: vm.slots.map(filled(SLOT)),
      vcpus: vm.vcpus.map(vcpu),
    })),
    pmaps: each(stored.pmaps, (pmap) => ({
      ...PMAP,
      ...({ kernelHalf: pmap.kind !== 'ept' } as Partial<Pmap>),
      ...pmap,
    })),
    processes: each(stored.processes, filled(PROCESS)),
    threads: each(stored.threads, (thread) => ({
      ...THREAD,
      ...thread,
      locals: { ...NO_LOCALS, ...thread.locals },
    })),
  }
}
