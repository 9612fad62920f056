/**
 * CPUs: what runs where, whose VMCS a CPU works with, and what its TLB may hold.
 */
import { addressOf, hex, type Word64 } from '../../../events/address.ts'
import type { VmcsOf } from '../../model/cpu.ts'
import { eachCached, processesOn, staleOn } from '../../model/tlb.ts'
import type { World } from '../../model/world.ts'
import { pmapName, vmName } from '../names.ts'
import { count, table } from '../table.ts'
import { type Part, section } from './part.ts'

/** Stale translations that are listed of a CPU; of more the number is told. */
const SHOWN_MAX = 8

export function cpusPart(world: World): Part {
  const cpus = world.cpus.map(({ on, vmcs, eptPmap, freed }, cpu) => {
    let cached = 0
    eachCached(world, cpu, () => {
      cached += 1
    })
    const running = Object.values(world.threads).filter(
      (thread) => thread.cpu === cpu && (thread.waiting === null || thread.waiting === 'guest'),
    )
    return {
      cpu,
      on,
      threads: running.map(({ id }) => id),
      processes: processesOn(world, cpu),
      vmcs,
      eptPmap,
      freed,
      cached,
      stale: staleOn(world, cpu).map(({ page, frame, ...rest }) => ({ ...rest, gpa: addressOf(page), frame })),
    }
  })
  const ofText = (of: VmcsOf | null): string => {
    if (of === null) return '-'
    const vm = world.vms[of.vm]
    return `${vm === undefined ? `vm #${of.vm}, gone` : vmName(vm)} vcpu ${of.vcpu}`
  }
  const pmapText = (ref: number | null): string => {
    const pmap = ref === null ? undefined : world.pmaps[ref]
    return ref === null ? '-' : pmap === undefined ? `pmap ${ref}, gone` : pmapName(world, pmap)
  }
  const columns = [
    { title: 'cpu', align: 'right' },
    { title: 'virtualization' },
    { title: 'threads' },
    { title: 'current VMCS' },
    { title: 'last EPT pmap' },
    { title: 'may be cached', align: 'right' },
    { title: 'stale', align: 'right' },
  ] as const
  const rows = cpus.map(({ cpu, on, threads, vmcs, eptPmap, cached, stale }) => [
    String(cpu),
    on ? 'on' : 'off',
    threads.join(', ') || '-',
    ofText(vmcs),
    pmapText(eptPmap),
    String(cached),
    String(stale.length),
  ])
  const below = cpus.flatMap(({ cpu, stale, freed }) => [
    ...freed.map((of) => `freed    the VMCS of ${ofText(of)} is free and still active on CPU ${cpu}`),
    ...stale.slice(0, SHOWN_MAX).map(({ vm, vcpu, level, gpa, frame, freed: isFreed }) => {
      const what = level === 0 ? 'gpa' : `page table of level ${level} of gpa`
      const state = isFreed ? ', which was freed since' : ''
      return `stale    CPU ${cpu} may find ${what} ${hex(gpa as Word64)} of ${ofText({ vm, vcpu })} in frame ${hex(frame)}${state}`
    }),
    ...(stale.length > SHOWN_MAX ? [`stale    and ${stale.length - SHOWN_MAX} more on CPU ${cpu}`] : []),
  ])
  return {
    name: 'cpus',
    data: cpus,
    lines: (paint) => section(count(rows.length, 'CPU'), [...table(columns, rows, paint), ...below], paint),
  }
}
