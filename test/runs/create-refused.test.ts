/**
 * What VMM_IOC_CREATE refuses, in the order in which the C looks: the request, the gate, the ranges, then step by
 * step. A row breaks one thing; rows that break two show which is looked at first.
 *
 * Source: vm_create_check_mem_ranges() and vm_create() of vmm.c; vmmioctl(); vm_impl_init() of vmm_machdep.c.
 */
import { expect } from 'chai'
import { VMM_MAX_VM_MEM_SIZE } from '../../events/address.ts'
import type { Boot } from '../../events/boot.ts'
import type { Failpoint, IocCreate, RangeRequest } from '../../events/command.ts'
import type { Errno } from '../../events/errno.ts'
import { checkRun } from '../support/check-run.ts'
import { PAGE } from '../support/commands.ts'
import { mmio, RANGES, ram, Scene } from '../support/scene.ts'

const CREATE: IocCreate = { type: 'ioc.create', pid: 100, ranges: RANGES, ncpus: 1, name: 'vm' }
const TOP = VMM_MAX_VM_MEM_SIZE
const HUGE = 2n ** 64n - 4096n

/** A request that is whole but for its ranges. */
function answerTo(ranges: readonly RangeRequest[], rest: Partial<IocCreate> = {}): unknown {
  const host = new Scene()
  host.spawn()
  const answer = host.ask({ ...CREATE, ranges, ...rest })
  if (!('ok' in answer)) throw new TypeError('CREATE did not end')
  if (!answer.ok) expect(host.process(100).entries, 'nothing is left in the caller').to.deep.equal([])
  return answer.ok ? 'ok' : `${answer.errno} ${answer.at}`
}

describe('vm_create_check_mem_ranges()', () => {
  const refused = 'EINVAL vm_create_check_mem_ranges'
  const many = (count: number): RangeRequest[] => Array.from({ length: count }, (_, i) => ram(i * PAGE, 1))
  const rows: readonly (readonly [
    what: string,
    ranges: readonly RangeRequest[],
    rest: Partial<IocCreate>,
    answer: string,
  ])[] = [
    ['no range                              ', [], {}, refused],
    ['a count of 0                          ', RANGES, { count: 0 }, refused],
    ['17 ranges                             ', many(17), {}, refused],
    ['a count of 17                         ', many(16), { count: 17 }, refused],
    ['a count of 2^64 - 1                   ', RANGES, { count: 2n ** 64n - 1n }, refused],
    ['a count beyond the ranges given       ', RANGES, { count: 4 }, refused],
    ['16 ranges                             ', many(16), {}, 'ok'],
    ['a count below the ranges given        ', RANGES, { count: 1 }, 'ok'],
    ['a gpa inside a page                   ', [ram(1, 1)], {}, refused],
    ['a user address inside a page          ', [ram(0, 1, 0x200001)], {}, refused],
    ['a size that is no page                ', [{ ...ram(0, 1), size: PAGE + 1 }], {}, refused],
    ['no size                               ', [ram(0, 0)], {}, refused],
    ['no size of MMIO                       ', [ram(0, 1), mmio(PAGE, 0)], {}, refused],
    ['a gpa inside a page, of the 2nd       ', [ram(0, 1), ram(PAGE + 8, 1)], {}, refused],
    ['a gpa at the limit                    ', [ram(TOP, 1)], {}, refused],
    ['a gpa near 2^64                       ', [{ ...ram(0, 1), gpa: HUGE }], {}, refused],
    ['a size beyond the limit               ', [{ ...ram(0, 1), size: TOP + PAGE }], {}, refused],
    ['a size near 2^64                      ', [{ ...ram(PAGE, 1), size: HUGE }], {}, refused],
    ['an end beyond the limit               ', [{ ...ram(PAGE, 1), size: TOP }], {}, refused],
    ['the last page below the limit         ', [ram(TOP - PAGE, 1)], {}, 'ok'],
    ['all below the limit                   ', [{ ...ram(0, 1), size: TOP }], {}, 'ok'],
    ['ranges that overlap by a page         ', [ram(0, 2), ram(PAGE, 1)], {}, refused],
    ['ranges that descend                   ', [ram(4 * PAGE, 1), ram(0, 1)], {}, refused],
    ['a range twice                         ', [ram(0, 1), ram(0, 1)], {}, refused],
    ['memory within MMIO                    ', [mmio(0, 4), ram(PAGE, 1)], {}, refused],
    ['ranges that touch                     ', [ram(0, 1), ram(PAGE, 1)], {}, 'ok'],
    ['ranges with a gap                     ', [ram(0, 1), ram(9 * PAGE, 1)], {}, 'ok'],
    ['nothing but MMIO                      ', [mmio(0, 1), mmio(PAGE, 1)], {}, refused],
    ['a type that is not known              ', [{ ...ram(0, 1), memtype: 7 }], {}, 'ok'],
    ['a hint that nobody could map          ', [ram(0, 1, 0x7f8000000000)], {}, 'ok'],
    ['no vCPU                               ', RANGES, { ncpus: 0 }, 'EINVAL vm_create'],
    ['two vCPUs                             ', RANGES, { ncpus: 2 }, 'EINVAL vm_create'],
    ['2^32 + 1 vCPUs                        ', RANGES, { ncpus: 2 ** 32 + 1 }, 'EINVAL vm_create'],
    ['2^64 - 1 vCPUs                        ', RANGES, { ncpus: 2n ** 64n - 1n }, 'EINVAL vm_create'],
    ['bad ranges before a bad count of vCPUs', [ram(1, 1)], { ncpus: 2 }, refused],
  ]
  for (const [what, ranges, rest, answer] of rows)
    it(`answers ${answer} to ${what.trim()}`, () => expect(answerTo(ranges, rest)).to.equal(answer))
})

describe('vm_create()', () => {
  type Row = readonly [
    what: string,
    inject: readonly (readonly [fn: Failpoint, k: number, errno: Errno])[],
    answer: string,
    /** Ranges that stay mapped in the caller, sealed for good. */
    left: number,
    boot?: Partial<Boot>,
  ]
  // RANGES has two slots with memory, so that a second failure of a kind is that of the second slot.
  const rows: readonly Row[] = [
    ['an interrupted wait at the gate ', [['rw_enter', 1, 'EINTR']], 'EINTR rw_enter', 0],
    ['a CPU that does not switch on   ', [['vmm_start', 1, 'EIO']], 'EIO vmm_start', 0],
    ['no vCPU left on the host        ', [], 'ENOMEM vm_create', 0, { vcpuMax: 0 }],
    ['no object for slot 0            ', [['uao_create', 1, 'ENOMEM']], 'ENOMEM uao_create', 0],
    ['no place for slot 0             ', [['uvm_map', 1, 'ENOMEM']], 'ENOMEM uvm_map', 0],
    ['any error of uvm_map()          ', [['uvm_map', 1, 'EACCES']], 'ENOMEM uvm_map', 0],
    ['no seal on slot 0               ', [['uvm_map_immutable', 1, 'EPERM']], 'EPERM uvm_map_immutable', 0],
    ['another error of the seal       ', [['uvm_map_immutable', 1, 'EINVAL']], 'EINVAL uvm_map_immutable', 0],
    ['no object for slot 2            ', [['uao_create', 2, 'ENOMEM']], 'ENOMEM uao_create', 1],
    ['no place for slot 2             ', [['uvm_map', 2, 'ENOMEM']], 'ENOMEM uvm_map', 1],
    ['no seal on slot 2               ', [['uvm_map_immutable', 2, 'EPERM']], 'EPERM uvm_map_immutable', 1],
    ['a CPU without nested paging     ', [], 'ENOMEM vm_impl_init', 2, { mode: 'unknown' }],
    ['a vCPU that does not come up    ', [['vcpu_init', 1, 'EINVAL']], 'EINVAL vcpu_init', 2],
    [
      'the gate before vmm_start()     ',
      [
        ['rw_enter', 1, 'EINTR'],
        ['vmm_start', 1, 'EIO'],
      ],
      'EINTR rw_enter',
      0,
    ],
    [
      'vmm_start() before an object    ',
      [
        ['vmm_start', 1, 'EIO'],
        ['uao_create', 1, 'ENOMEM'],
      ],
      'EIO vmm_start',
      0,
    ],
    [
      'an object before its place      ',
      [
        ['uvm_map', 1, 'EIO'],
        ['uao_create', 1, 'ENOMEM'],
      ],
      'ENOMEM uao_create',
      0,
    ],
    [
      'a place before its seal         ',
      [
        ['uvm_map_immutable', 1, 'EPERM'],
        ['uvm_map', 1, 'EIO'],
      ],
      'ENOMEM uvm_map',
      0,
    ],
    [
      'all slots before the vCPU       ',
      [
        ['vcpu_init', 1, 'EIO'],
        ['uao_create', 2, 'ENOMEM'],
      ],
      'ENOMEM uao_create',
      1,
    ],
  ]
  for (const [what, inject, wanted, left, boot = {}] of rows)
    it(`answers ${wanted} to ${what.trim()}`, () => {
      const host = new Scene(boot)
      host.spawn()
      for (const [fn, k, errno] of inject) host.ask({ type: 'fail.next', fn, k, errno })
      const answer = host.ask(CREATE)
      expect(answer).to.deep.equal({ ok: false, errno: wanted.split(' ')[0], at: wanted.split(' ')[1] })
      const { entries } = host.process(100)
      expect(entries.map(({ immutable }) => immutable)).to.deep.equal(Array(left).fill(true))
      // Nothing else is left: what remains of an object is the map entry's reference.
      expect(Object.values(host.world.objects).map(({ refs }) => refs)).to.deep.equal(Array(left).fill(1))
      expect(host.world.vms).to.deep.equal({})
      expect(host.world.pools.vm).to.equal(0)
      expect([host.world.softc.vmCt, host.world.softc.vcpuCt, host.world.softc.vmIdx]).to.deep.equal([0, 0, 0])
      checkRun(host.played)
    })

  it('refuses when another CREATE took the last vCPU meanwhile', () => {
    const host = new Scene({ vcpuMax: 1 })
    host.spawn()
    const slow = host.stopAt(CREATE, 'registering')
    host.create()
    expect(host.resume(slow)).to.deep.equal({ ok: false, errno: 'ENOMEM', at: 'vm_create' })
    expect(host.process(100).entries).to.have.length(4)
    expect(host.world.softc.vcpuCt).to.equal(1)
    checkRun(host.played)
  })
})
