/**
 * vmd's memory map at its edges, and what the kernel says to it.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { hex, PAGE_SIZE, VMM_MAX_VM_MEM_SIZE } from '../../events/address.ts'
import { createRun } from '../../src/engine/run.ts'
import { createMemoryMap, VM_MEM_MMIO } from '../../src/vmd/memory-map.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

/** Ranges as `start-end type`, in hex. */
function lines(memory: number | bigint): string[] {
  return createMemoryMap(memory).map(
    ({ gpa, size, memtype }) => `${hex(gpa)}-${hex(BigInt(gpa) + BigInt(size))} ${memtype}`,
  )
}

/** How CREATE answers a map for `memory` bytes. */
function answerTo(memory: number | bigint): string {
  const run = createRun()
  run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
  const reply = run.dispatch({ type: 'ioc.create', pid: 100, ranges: createMemoryMap(memory), ncpus: 1, name: 'vm' })
  return 'errno' in reply ? `${reply.errno} ${reply.at}` : reply.ok ? 'ok' : 'no answer'
}

describe("vmd's memory map", () => {
  const rows: readonly (readonly [what: string, memory: number | bigint, ranges: readonly string[], answer: string])[] =
    [
      [
        '512 MiB',
        512 * MIB,
        [
          '0x0-0x9f000 0',
          '0x9f000-0x100000 1',
          '0x100000-0x20000000 0',
          '0xf0000000-0xffc00000 2',
          '0xffc00000-0x100000000 1',
        ],
        'ok',
      ],
      [
        '4 GiB, of which 256 MiB lie above',
        4 * GIB,
        [
          '0x0-0x9f000 0',
          '0x9f000-0x100000 1',
          '0x100000-0xf0000000 0',
          '0xf0000000-0xffc00000 2',
          '0xffc00000-0x100000000 1',
          '0x100000000-0x110000000 0',
        ],
        'ok',
      ],
      [
        '3840 MiB, the most without memory above',
        3840 * MIB,
        [
          '0x0-0x9f000 0',
          '0x9f000-0x100000 1',
          '0x100000-0xf0000000 0',
          '0xf0000000-0xffc00000 2',
          '0xffc00000-0x100000000 1',
        ],
        'ok',
      ],
      [
        '5 MiB, too little for a device window',
        5 * MIB,
        ['0x0-0x9f000 0', '0x9f000-0x100000 1', '0xffbfffff-0xffffffff 1'],
        'EINVAL vm_create_check_mem_ranges',
      ],
      [
        'a page more than 5 MiB',
        5 * MIB + PAGE_SIZE,
        [
          '0x0-0x9f000 0',
          '0x9f000-0x100000 1',
          '0x100000-0x501000 0',
          '0xf0000000-0xffc00000 2',
          '0xffc00000-0x100000000 1',
        ],
        'ok',
      ],
    ]
  for (const [what, memory, ranges, answer] of rows) {
    it(`is that of create_memory_map() for ${what}`, () => {
      expect(lines(memory)).to.deep.equal(ranges)
    })
    it(`for ${what} is answered with ${answer}`, () => {
      expect(answerTo(memory)).to.equal(answer)
    })
  }

  it('reaches up to 128 GiB and no further before the kernel refuses', () => {
    // 252 MiB of devices and 4 MiB of BIOS take addresses and are no part of the memory asked for.
    expect(answerTo(VMM_MAX_VM_MEM_SIZE - 256 * MIB)).to.equal('ok')
    expect(answerTo(VMM_MAX_VM_MEM_SIZE - 256 * MIB + PAGE_SIZE)).to.equal('EINVAL vm_create_check_mem_ranges')
    expect(answerTo(256 * GIB)).to.equal('EINVAL vm_create_check_mem_ranges')
  })

  it('wraps as size_t does for less than the first megabyte, which the kernel refuses', () => {
    expect(lines(MIB - PAGE_SIZE).at(-1)).to.equal('0x100000000-0x100000000100ff000 0')
    expect(answerTo(MIB - PAGE_SIZE)).to.equal('EINVAL vm_create_check_mem_ranges')
  })

  it('is answered, not thrown at, whatever the size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (memory) => {
        expect(answerTo(memory)).to.match(/^ok$|^E\w+ /)
      }),
    )
  })

  it('holds all the memory that was asked for, in order and without overlap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5 * MIB + 1, max: 2 ** 40 }), (memory) => {
        const ranges = createMemoryMap(memory)
        const backed = ranges.filter(({ memtype }) => memtype !== VM_MEM_MMIO)
        const bytes = backed.reduce((sum, { size }) => sum + Number(size), 0)
        expect(bytes, 'and the BIOS below 4 GiB').to.equal(memory + 4 * MIB)
        ranges.slice(1).forEach(({ gpa }, index) => {
          const before = ranges[index]
          expect(Number(gpa)).to.be.at.least(Number(before?.gpa) + Number(before?.size))
        })
      }),
    )
  })
})
