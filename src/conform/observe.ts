/**
 * The world in the form in which the real kernel was observed. This is the only place that knows that form.
 */
import { addressOf, hex, type Word64 } from '../../events/address.ts'
import { LEAF_EXECUTE, LEAF_READ, LEAF_WIRED, LEAF_WRITE, leafFlags, leafFrame } from '../model/memory.ts'
import type { MemoryObject, Pmap, Process, Vm, World } from '../model/world.ts'
import type { State } from './vector.ts'

/** The name of a nested pmap, in order of creation. */
export function pmapName(pmap: Pmap): string {
  return `n${pmap.nested}`
}

/** A frame by its owner: a1:3, m2:0, free, kern, ptp. */
export function frameName(world: World, frame: number): string {
  const { memory } = world
  switch (memory.use(frame)) {
    case 'free':
      return 'free'
    case 'kernel':
      return 'kern'
    case 'table':
      return 'ptp'
    case 'object': {
      const object = world.objects[memory.owner(frame)]
      return `${object?.name ?? '?'}:${memory.pageIndex(frame)}`
    }
  }
}

function rights(packed: number, wired: boolean): string {
  const flags = leafFlags(packed)
  const has = (flag: number): boolean => Math.floor(flags / flag) % 2 === 1
  return [
    has(LEAF_READ) ? 'r' : '',
    has(LEAF_WRITE) ? 'w' : '',
    has(LEAF_EXECUTE) ? 'x' : '',
    wired && has(LEAF_WIRED) ? 'W' : '',
  ].join('')
}

function leaves(world: World, pmap: number, wired: boolean): unknown[] {
  const found: unknown[] = []
  world.memory.eachLeaf(pmap, 0, 2 ** 36, (page, packed) => {
    found.push([hex(addressOf(page)), frameName(world, leafFrame(packed)), rights(packed, wired)])
  })
  return found
}

function objectState(world: World, object: MemoryObject): unknown {
  const res: unknown[] = []
  world.memory.eachResident(object.ref, (index, frame) => {
    res.push([index, world.memory.wireCount(frame)])
  })
  const sw: number[] = []
  world.memory.eachSwapped(object.ref, (index) => {
    sw.push(index)
  })
  const { name: id, pages, refs } = object
  return { id, pages, refs, res, ...(sw.length > 0 ? { sw } : {}) }
}

function processState(world: World, process: Process): unknown {
  const pmap = world.pmaps[process.pmap]
  const map = process.entries.map((entry) => {
    const object = world.objects[entry.object]
    const flags = `${entry.immutable ? 'i' : ''}${entry.conceal ? 'c' : ''}`
    return [
      hex(entry.start),
      hex(entry.size),
      object?.kind === 'anon' ? 'anon' : (object?.name ?? '?'),
      entry.offset,
      flags,
    ]
  })
  const pt = leaves(world, process.pmap, true)
  const killed = process.killed ? { killed: true } : {}
  return { pid: process.pid, rc: pmap?.resident ?? 0, wc: pmap?.wired ?? 0, map, pt, ...killed }
}

function pmapState(world: World, vm: Vm): unknown {
  const pmap = vm.pmap === null ? undefined : world.pmaps[vm.pmap]
  if (pmap === undefined) return null
  const { memory } = world
  return {
    id: pmapName(pmap),
    type: pmap.kind,
    rc: pmap.resident,
    ptp: memory.tableCount(pmap.ref),
    gpa: leaves(world, pmap.ref, false),
  }
}

function vmState(world: World, vm: Vm): unknown {
  return {
    id: vm.id,
    pid: vm.creator,
    listed: vm.listed,
    refs: vm.refcnt,
    vcpus: vm.vcpuCt,
    mem: hex(vm.memorySize as Word64),
    slots: vm.slots.map(({ object }) => (object === null ? null : (world.objects[object]?.name ?? '?'))),
    pm: pmapState(world, vm),
  }
}

/** All state keys of a vector's step. */
export function observe(world: World): State {
  const { memory, softc, pools } = world
  const objects = Object.values(world.objects)
  const pmaps = Object.values(world.pmaps)
  const aobjs = objects.filter((object) => object.kind === 'aobj')
  const count = (kind: MemoryObject['kind']): number =>
    objects.filter((object) => object.kind === kind).reduce((sum, object) => sum + memory.residentCount(object.ref), 0)
  let wired = 0
  for (const object of objects) {
    memory.eachResident(object.ref, (_, frame) => {
      if (memory.wireCount(frame) > 0) wired += 1
    })
  }
  return {
    ct: [softc.vmCt, softc.vcpuCt, softc.vmIdx],
    on: softc.on ? 1 : 0,
    pool: {
      vm: pools.vm,
      vcpu: pools.vcpu,
      pmap: pmaps.length,
      pdp: pmaps.reduce((sum, pmap) => sum + pmap.roots.length, 0),
      pv: memory.pvCount,
      aobj: aobjs.length,
    },
    pg: {
      ptp: pmaps.reduce((sum, pmap) => sum + memory.tableCount(pmap.ref), 0),
      obj: count('aobj'),
      anon: count('anon'),
      wired,
      swap: world.swapUsed,
    },
    kmem: aobjs.length,
    aobj: aobjs.map((object) => objectState(world, object)),
    proc: Object.values(world.processes)
      .sort((a, b) => a.born - b.born)
      .map((process) => processState(world, process)),
    vm: Object.values(world.vms).map((vm) => vmState(world, vm)),
  }
}
