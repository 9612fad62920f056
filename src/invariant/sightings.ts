/**
 * Things that must be reachable, or an invariant may be true of nothing: beside what must never be seen stands what must
 * be seen somewhere. A sighting is looked for in the states between steps.
 */
import { pageOf } from '../../events/address.ts'
import type { Thread, World } from '../model/world.ts'

export type Sighting = {
  /** What is seen, in the words of the field. */
  readonly name: string
  /** Between which steps of which routines it lies. */
  readonly source: string
  readonly seen: (world: World) => boolean
}

const threadsOf = (world: World): readonly Thread[] => Object.values(world.threads)

/** Whether a call is in RUN with its guest running. */
function isInGuest(world: World, { command, locals }: Thread): boolean {
  if (command.type !== 'ioc.run' || locals.vm === null) return false
  return world.vms[locals.vm]?.vcpus.some(({ id, life }) => id === locals.vcpu && life === 'inGuest') ?? false
}

/** A call of `type` that waits for `channel` while a RUN that `concerns` it is in its guest. */
function waitsForRun(
  type: Thread['command']['type'],
  channel: Thread['waiting'],
  concerns: (waiting: Thread, run: Thread) => boolean,
): Sighting['seen'] {
  return (world) =>
    threadsOf(world).some(
      (waiting) =>
        waiting.command.type === type &&
        waiting.waiting === channel &&
        threadsOf(world).some((run) => isInGuest(world, run) && concerns(waiting, run)),
    )
}

/** The object and the page behind an address of a process. */
function pageBehind(world: World, pid: number, va: number): { readonly object: number; readonly index: number } | null {
  for (const { start, size, object, offset } of world.processes[pid]?.entries ?? [])
    if (va >= start && va < start + size) return { object, index: offset + pageOf(va - start) }
  return null
}

export const SIGHTINGS: readonly Sighting[] = [
  {
    name: 'term-waits-for-a-run',
    source: 'vm_terminate(): refcnt_finalize(); vm_run()',
    seen: waitsForRun('ioc.term', 'refcnt_finalize', (term, run) => term.locals.vm === run.locals.vm),
  },
  {
    name: 'quiesce-waits-for-a-run',
    source: 'vmm_activate(): refcnt_finalize(); vm_run()',
    seen: waitsForRun('host.suspend', 'refcnt_finalize', () => true),
  },
  {
    name: 'exit-waits-for-a-run',
    source: 'exit1(): single_thread_set(); vm_run()',
    seen: waitsForRun('host.exit', 'threads', (exit, run) => exit.locals.pid === run.locals.pid),
  },
  {
    name: 'two-threads-want-one-vcpu',
    source: 'vm_run(): rw_enter_write(vc_lock)',
    seen: (world) => threadsOf(world).some(({ waiting }) => waiting === 'vcpu'),
  },
  {
    name: 'vm-lock-is-awaited',
    source: 'vm_terminate(): vmm_stop() under vm_lock W',
    seen: ({ locks }) => locks.some(({ lock, held }) => lock === 'vm_lock' && !held),
  },
  {
    name: 'page-goes-between-extract-and-enter',
    source: 'fault_page(): pmap_extract(), pmap_enter(); uvmpd_scan_inactive()',
    seen: (world) =>
      threadsOf(world).some(({ place, locals }) => {
        if (place !== 'enteringLeaf' || locals.frame < 0 || typeof locals.hva !== 'number') return false
        const page = pageBehind(world, locals.pid, locals.hva)
        return page !== null && world.memory.resident(page.object, page.index) !== locals.frame
      }),
  },
  {
    name: 'share-fails-at-its-third-slot',
    source: 'vm_share_mem(): uvm_map() of the third range, after which the first two are unwound',
    seen: (world) =>
      threadsOf(world).some(
        ({ command, place, locals }) =>
          command.type === 'ioc.sharemem' && place === 'unwinding' && locals.at === 'uvm_map' && locals.limit === 2,
      ),
  },
  {
    name: 'object-goes-while-its-vm-is-made',
    source: 'vm_create(): between uvm_map() and uao_reference(); sys_munmap()',
    seen: (world) =>
      threadsOf(world).some(({ command, place, locals }) => {
        const isBetween = place === 'sealingSlot' || place === 'referencingObject'
        return (
          command.type === 'ioc.create' &&
          isBetween &&
          locals.object !== null &&
          world.objects[locals.object] === undefined
        )
      }),
  },
  {
    name: 'guest-and-process-fault-on-one-page',
    source: 'fault_page(): uvm_fault_wire(); uvm_fault()',
    seen: (world) =>
      threadsOf(world).some(
        ({ command, place, locals }) =>
          command.type === 'ioc.run' &&
          place === 'wiring' &&
          typeof locals.hva === 'number' &&
          threadsOf(world).some(
            (other) =>
              other.command.type === 'host.touch' &&
              other.place === 'faulting' &&
              other.command.pid === locals.pid &&
              typeof other.command.va === 'number' &&
              pageOf(other.command.va) === pageOf(locals.hva as number),
          ),
      ),
  },
  {
    name: 'fault-waits-for-the-page-daemon',
    source: 'uvm_fault(): a page that is busy; uvmpd_scan_inactive()',
    seen: (world) =>
      threadsOf(world).some(({ command, waiting }) => command.type === 'ioc.run' && waiting === 'pagedaemon'),
  },
  {
    name: 'sleeper-is-there-when-the-device-wakes',
    source: 'vmm_activate(): wakeup(); vmmioctl(): rwsleep()',
    seen: (world) => world.softc.status === 'active' && threadsOf(world).some(({ waiting }) => waiting === 'vmmresume'),
  },
]
