/** Makes device events true. @see events/device.ts */
import type { DeviceEvent } from '../../events/device.ts'
import { unreachable } from '../../events/event.ts'
import { switchCpus } from './cpu.ts'
import type { WorldDraft } from './draft.ts'
import { takeOut } from './lookup.ts'

export function reduceDevice(world: WorldDraft, event: DeviceEvent): void {
  const { softc } = world
  switch (event.type) {
    case 'vmm.started':
      softc.on = true
      switchCpus(world, true)
      return
    case 'vmm.stopped':
      softc.on = false
      switchCpus(world, false)
      return
    case 'device.entered':
      softc.refcnt += 1
      softc.inside.push(event.thread)
      return
    case 'device.left':
      softc.refcnt -= 1
      takeOut(softc.inside, event.thread, 'request', world.seq)
      return
    case 'device.suspended':
      softc.status = 'suspended'
      softc.refcnt -= 1
      return
    case 'device.resumed':
      softc.status = 'active'
      softc.refcnt = 1
      return
    case 'failpoint.armed':
      world.failpoints.push({ fn: event.fn, k: event.k, errno: event.errno })
      return
    case 'failpoint.counted': {
      const left = world.failpoints.map((point) => (point.fn === event.fn ? { ...point, k: point.k - 1 } : point))
      world.failpoints = left.filter((point) => point.k > 0)
      return
    }
    case 'host.panicked':
      world.panic = { fn: event.fn, kind: event.kind }
      return
    case 'machdep.activated':
      // vmm_stop() before the host sleeps, vmm_start() after if there is a VM. `on` stays what CREATE and TERM have made it.
      switchCpus(world, event.action === 'wakeup' && softc.vmCt > 0)
      return
    case 'vmm.startRefused':
      return
    default:
      unreachable(event)
  }
}
