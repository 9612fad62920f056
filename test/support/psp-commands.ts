/** What may be asked of the PSP, and of a GHCB, at random. @see commands.ts */
import { type Word64, word64 } from '../../events/address.ts'
import type { CallCommand, GuestCommand } from '../../events/command.ts'
import type { Pid, VmId } from '../../events/ids.ts'
import { GHCB_EXIT_CODE } from '../../src/kernel/ghcb.ts'
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

/** A guest of SEV-ES puts a request into its GHCB, or makes it. */
export function ghcbCommand(vm: VmId, gpa: Word64, draw: (limit: number) => number): GuestCommand {
  const page = BigInt(gpa) - (BigInt(gpa) % 4096n)
  if (draw(2) === 0) return { type: 'guest.vmgexit', vm, vcpu: 0, gpa: draw(8) === 0 ? draw(0x200) : word64(page) }
  const word = [0x72, 0x7b, 0x7b, 0x7c][draw(4)] ?? 0
  return { type: 'guest.touch', vm, vcpu: 0, gpa: word64(page + BigInt(GHCB_EXIT_CODE)), access: 'w', word }
}
