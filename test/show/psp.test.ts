/** Requests to the PSP and their answers, as a person reads them. */
import { expect } from 'chai'
import type { Command } from '../../events/command.ts'
import type { Outcome } from '../../events/reply.ts'
import { commandText, outcomeLines } from '../../src/show/reply.ts'

const pid = 100
const CREATE: Command = { type: 'ioc.create', pid, ranges: [], ncpus: 1, name: 'vm', sev: true }

describe('a request to the PSP', () => {
  const rows: readonly (readonly [Command, string])[] = [
    [{ type: 'psp.launchstart', pid, es: true }, 'psp.launchstart pid 100 es'],
    [{ type: 'psp.launchstart', pid, es: false }, 'psp.launchstart pid 100'],
    [{ type: 'psp.activate', pid, handle: 2, asid: 3 }, 'psp.activate pid 100 handle 2 asid 3'],
    [
      { type: 'psp.launchupdate', pid, handle: 2, va: 0x1000000000, size: 0x2000 },
      'psp.launchupdate pid 100 handle 2 va 0x1000000000 size 0x2000',
    ],
    [{ type: 'psp.encryptstate', pid, handle: 2, vm: 1, vcpu: 0 }, 'psp.encryptstate pid 100 handle 2 vm 1'],
  ]
  for (const [command, text] of rows) it(`reads '${text}'`, () => expect(commandText(command)).to.equal(text))
})

describe('its answer', () => {
  const rows: readonly (readonly [Command, Outcome, string])[] = [
    [{ type: 'psp.launchstart', pid, es: true }, { ok: true, handle: 2 }, '0: handle 2'],
    [{ type: 'psp.pstatus', pid }, { ok: true, platform: 'working' }, '0: the platform is working'],
    [
      { type: 'psp.gstatus', pid, handle: 2 },
      { ok: true, guest: 'launchSecret', asid: 4, es: true },
      '0: LSECRET, ASID 4, encrypted state',
    ],
    [
      { type: 'psp.gstatus', pid, handle: 2 },
      { ok: true, guest: 'running', asid: 0, es: false },
      '0: RUNNING, no ASID',
    ],
    [{ type: 'psp.dfflush', pid }, { ok: false, errno: 'EIO', at: 'ccp_docmd' }, 'EIO (ccp_docmd)'],
    [{ type: 'psp.dfflush', pid }, { ok: false, blocked: 'psp_lock', thread: 't1' }, 'asleep on psp_lock, thread t1'],
    [CREATE, { ok: true, id: 1, va: [], poscbit: 51, asid: [5] }, '0: vm 1, ASID 5, ranges at '],
    [{ type: 'host.read', pid, va: 0x1000 }, { ok: true, faulted: false, value: null }, '0: was mapped, noise'],
  ]
  for (const [command, outcome, line] of rows)
    it(`is '${line}'`, () => expect(outcomeLines(command, outcome)).to.deep.equal([line]))
})
