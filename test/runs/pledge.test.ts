/**
 * The two pledge gates: the filter in front of the driver, and the look at the VM that a request names.
 *
 * Source: pledge_ioctl_vmm() and vm_find() of vmm.c.
 */
import { expect } from 'chai'
import type { CallCommand, Pledge } from '../../events/command.ts'
import { checkRun } from '../support/check-run.ts'
import { RANGES, Scene } from '../support/scene.ts'

const PROMISES: readonly (readonly Pledge[])[] = [[], ['vmm', 'proc'], ['vmm'], ['proc']]

/** VM 1 is that of process 200, which asks; VM 2 that of process 100. */
const REQUESTS: Readonly<Record<string, CallCommand>> = {
  create: { type: 'ioc.create', pid: 200, ranges: RANGES, ncpus: 1, name: 'vm' },
  info: { type: 'ioc.info', pid: 200, size: 1600 },
  'share own': { type: 'ioc.sharemem', pid: 200, vm: 1, ranges: RANGES, va: [] },
  'share other': { type: 'ioc.sharemem', pid: 200, vm: 2, ranges: RANGES, va: [] },
  'run own': { type: 'ioc.run', pid: 200, vm: 1, vcpu: 0 },
  'run other': { type: 'ioc.run', pid: 200, vm: 2, vcpu: 0 },
  'resetcpu own': { type: 'ioc.resetcpu', pid: 200, vm: 1, vcpu: 0 },
  'resetcpu other': { type: 'ioc.resetcpu', pid: 200, vm: 2, vcpu: 0 },
  'readregs own': { type: 'ioc.readregs', pid: 200, vm: 1, vcpu: 0, mask: 12 },
  'readregs other': { type: 'ioc.readregs', pid: 200, vm: 2, vcpu: 0, mask: 12 },
  'writeregs own': { type: 'ioc.writeregs', pid: 200, vm: 1, vcpu: 0, mask: 12, registers: {} },
  'writeregs other': { type: 'ioc.writeregs', pid: 200, vm: 2, vcpu: 0, mask: 12, registers: {} },
  'readvmparams own': { type: 'ioc.readvmparams', pid: 200, vm: 1, vcpu: 0, mask: 3 },
  'readvmparams other': { type: 'ioc.readvmparams', pid: 200, vm: 2, vcpu: 0, mask: 3 },
  'writevmparams own': { type: 'ioc.writevmparams', pid: 200, vm: 1, vcpu: 0, mask: 3, gpa: 1, version: 1 },
  'writevmparams other': { type: 'ioc.writevmparams', pid: 200, vm: 2, vcpu: 0, mask: 3, gpa: 1, version: 1 },
  'intr own': { type: 'ioc.intr', pid: 200, vm: 1, vcpu: 0, pending: true },
  'intr other': { type: 'ioc.intr', pid: 200, vm: 2, vcpu: 0, pending: true },
  'translate own': { type: 'guest.translate', pid: 200, vm: 1, vcpu: 0, gva: 0, access: 'r', cpl: 0 },
  'translate other': { type: 'guest.translate', pid: 200, vm: 2, vcpu: 0, gva: 0, access: 'r', cpl: 0 },
  'term own': { type: 'ioc.term', pid: 200, vm: 1 },
  'term other': { type: 'ioc.term', pid: 200, vm: 2 },
  'term none': { type: 'ioc.term', pid: 200, vm: 9 },
  unknown: { type: 'ioc.unknown', pid: 200, request: 0x5600 },
}

/** `filter`: EPERM of the filter. `broken`: EPERM of vm_find(), and the process is killed. */
const TABLE = `
                    none     vmm+proc  vmm     proc
  create          | ok     | ok      | filter | filter
  info            | ok     | ok      | filter | filter
  share own       | ok     | ok      | filter | filter
  share other     | ok     | ok      | filter | filter
  run own         | guest  | guest   | guest  | filter
  run other       | guest  | guest   | broken | filter
  resetcpu own    | ok     | ok      | ok     | filter
  resetcpu other  | ok     | ok      | broken | filter
  readregs own    | ok     | ok      | ok     | filter
  readregs other  | ok     | ok      | broken | filter
  writeregs own   | ok     | ok      | ok     | filter
  writeregs other | ok     | ok      | broken | filter
  readvmparams own| ok     | ok      | ok     | filter
  readvmparams other| ok     | ok      | broken | filter
  writevmparams own| ok     | ok      | ok     | filter
  writevmparams other| ok     | ok      | broken | filter
  intr own        | ok     | ok      | ok     | filter
  intr other      | ok     | ok      | broken | filter
  translate own   | ok     | ok      | ok     | filter
  translate other | ok     | ok      | broken | filter
  term own        | ok     | ok      | ok     | filter
  term other      | ok     | ok      | broken | filter
  term none       | ENOENT | ENOENT  | ENOENT | filter
  unknown         | EINVAL | filter  | filter | filter
`

/** Process 200 makes VM 1 and promises then, as vmd does: another process of its pid cannot, so it is made so. */
function outcome(command: CallCommand, pledge: readonly Pledge[]): string {
  const host = new Scene()
  host.create(RANGES, 200)
  host.create(RANGES, 100)
  // A pid is all that vmm knows of the creator; a new process may have it.
  expect(host.ask({ type: 'host.exit', pid: 200 })).to.deep.equal({ ok: true })
  expect(host.ask({ type: 'host.spawn', pid: 200, pledge })).to.deep.equal({ ok: true })
  const answer = host.ask(command)
  const { killed } = host.process(200)
  checkRun(host.played, { moments: 2 })
  if ('blocked' in answer) return answer.blocked
  if (!('ok' in answer)) throw new TypeError('the request has not ended')
  if (answer.ok) return 'ok'
  if (answer.errno !== 'EPERM') return answer.errno
  expect(killed).to.equal(answer.at === 'vm_find')
  return answer.at === 'vm_find' ? 'broken' : 'filter'
}

describe('a pledged process', () => {
  const lines = TABLE.trim().split('\n').slice(1)
  for (const line of lines) {
    const [request = '', ...cells] = line.split('|').map((cell) => cell.trim())
    it(`may ${request} as the table says`, () => {
      const command = REQUESTS[request]
      if (command === undefined) throw new TypeError(`no request is called '${request}'`)
      expect(PROMISES.map((pledge) => outcome(command, pledge))).to.deep.equal(cells)
    })
  }
  it('has a row for each request', () => {
    expect(lines.map((line) => line.split('|')[0]?.trim())).to.deep.equal(Object.keys(REQUESTS))
  })
})
