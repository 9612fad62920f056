/** What may be asked of the PSP at random. @see commands.ts */
import type { CallCommand } from '../../events/command.ts'
import type { Pid, VmId } from '../../events/ids.ts'
import { pspOf } from '../../src/model/psp.ts'
import type { World } from '../../src/model/world.ts'

type Asker = {
  readonly pid: Pid
  readonly va: number
  readonly size: number
  readonly vm: VmId
}

/** Mostly for a guest that the PSP has, and of memory that its process has. @param draw a whole number below its argument. */
export function pspCommand(world: World, { pid, va, size, vm }: Asker, draw: (limit: number) => number): CallCommand {
  const handle = draw(pspOf(world).made + 2)
  const of = { pid, handle }
  const usual: readonly CallCommand[] = [
    { type: 'psp.launchstart', pid, es: draw(3) === 0 },
    { type: 'psp.activate', ...of, asid: draw(4) },
    { type: 'psp.launchupdate', ...of, va, size },
  ]
  const others: readonly CallCommand[] = [
    { type: 'psp.encryptstate', ...of, vm, vcpu: draw(8) === 0 ? 1 : 0 },
    { type: 'psp.launchmeasure', ...of },
    { type: 'psp.launchfinish', ...of },
    { type: 'psp.guestshutdown', ...of },
    { type: 'psp.deactivate', ...of },
    { type: 'psp.decommission', ...of },
    { type: 'psp.gstatus', ...of },
    { type: 'psp.dfflush', pid },
    { type: 'psp.pstatus', pid },
    { type: 'psp.init', pid },
    { type: 'psp.shutdown', pid },
  ]
  const commands = draw(4) === 0 ? [...usual, ...others] : usual
  return commands[draw(commands.length)] ?? { type: 'psp.pstatus', pid }
}
