/**
 * Scenarios as text: what is filled in, and the sentence for each kind of mistake.
 */
import { expect } from 'chai'
import { FAILPOINTS } from '../../events/command.ts'
import { ERRNOS } from '../../events/errno.ts'
import { DESIGNS } from '../../src/design/designs.ts'
import { LINE_TYPES } from '../../src/scenario/commands.ts'
import { readScenario } from '../../src/scenario/read.ts'
import { createMemoryMap } from '../../src/vmd/memory-map.ts'

/** The first thing that a scenario asks for. */
function first(line: string): unknown {
  return readScenario(line, 's').entries[0]?.asked
}

describe('a scenario', () => {
  it('passes over blank lines and comments, and knows the line of each entry', () => {
    const { entries } = readScenario('# a\n\n  # b\n{"type":"host.suspend"}\r\n{"type":"host.wakeup"}', 's')
    expect(entries.map(({ line, place }) => [line, place])).to.deep.equal([
      [4, 's:4'],
      [5, 's:5'],
    ])
  })

  it('fills in what is optional', () => {
    const line = '{"type":"ioc.create","pid":1,"ranges":[{"gpa":"0x0","size":4096}]}'
    const range = { gpa: 0, size: 4096, memtype: 0, va: 0 }
    expect(first(line)).to.deep.equal({ type: 'ioc.create', pid: 1, ranges: [range], ncpus: 1, name: 'vm' })
    expect(first('{"type":"host.mmap","pid":1}')).to.deep.equal({ type: 'host.mmap', pid: 1, va: null, size: 4096 })
    expect(first('{"type":"ioc.info","pid":1}')).to.deep.equal({ type: 'ioc.info', pid: 1, size: 96000 })
  })

  it('keeps 64-bit values exactly', () => {
    const asked = first('{"type":"host.touch","pid":1,"va":"0xfffffffffffff000"}')
    expect(asked).to.have.property('va', 0xfffffffffffff000n)
  })

  it('asks as vmd does where it gives memory instead of ranges', () => {
    expect(first('{"type":"vm.create","pid":1,"memory":"4G"}')).to.deep.equal({
      type: 'ioc.create',
      pid: 1,
      ranges: createMemoryMap(4 * 2 ** 30),
      ncpus: 1,
      name: 'vm',
    })
    expect(first('{"type":"vm.share","pid":2,"vm":1,"memory":"512M"}')).to.deep.equal({
      type: 'ioc.sharemem',
      pid: 2,
      vm: 1,
      ranges: createMemoryMap(512 * 2 ** 20),
      va: [],
    })
  })

  it('says how the host boots on its first line', () => {
    const { boot, design } = readScenario('{"type":"boot","mode":"rvi","design":"aobj"}\n', 's')
    expect(design).to.equal('aobj')
    expect(boot).to.deep.equal({ mode: 'rvi', vcpuMax: 512, meltdown: false, frames: 2 ** 26 })
    expect(readScenario('', 's')).to.deep.equal({ boot: {}, design: null, entries: [] })
  })

  it('can hold every command that a design answers', () => {
    for (const { routines } of DESIGNS) expect(LINE_TYPES).to.include.members(Object.keys(routines))
  })

  const create = (ranges: string) => `{"type":"ioc.create","pid":1,"ranges":${ranges}}`
  const mistakes: readonly (readonly [line: string, sentence: string])[] = [
    [
      create('[{"gpa":0,"size":4096},{"gpa":4096,"size":"4Q"}]'),
      's:1: ioc.create: ranges[1].size: wanted a size in bytes (number or 0x hex), found "4Q"',
    ],
    [create('[{"gpa":-1,"size":1}]'), 's:1: ioc.create: ranges[0].gpa: wanted an address (number or 0x hex), found -1'],
    [
      create('[{"gpa":18446744073709551615,"size":1}]'),
      's:1: ioc.create: ranges[0].gpa: wanted an address (number or 0x hex), found 18446744073709552000',
    ],
    [create('[{"size":1}]'), 's:1: ioc.create: ranges[0].gpa: wanted an address (number or 0x hex), found nothing'],
    [create('[7]'), 's:1: ioc.create: ranges[0]: wanted a memory range: gpa, size, memtype, va, found 7'],
    [create('{}'), 's:1: ioc.create: ranges: wanted a list of memory ranges, found {}'],
    ['{"type":"ioc.create","ranges":[]}', 's:1: ioc.create: pid: wanted a process id (a whole number), found nothing'],
    [
      '{"type":"ioc.create","pdi":1,"pid":1,"ranges":[]}',
      "s:1: ioc.create: wanted no field 'pdi'; ioc.create has type, pid, ranges, count, ncpus, name, sev, seves",
    ],
    [create('[{"gpa":0,"size":1,"hva":2}]'), "s:1: ioc.create: wanted no field 'ranges[0].hva'"],
    ['{"type":"host.exit","pid":1.5}', 's:1: host.exit: pid: wanted a process id (a whole number), found 1.5'],
    [
      '{"type":"host.touch","pid":1,"va":0,"access":"rwx"}',
      's:1: host.touch: access: wanted an access: r, w, x, rw, found "rwx"',
    ],
    [
      '{"type":"vm.create","pid":1,"memory":"4Q"}',
      's:1: vm.create: memory: wanted a size of memory (4G, 512M, bytes or 0x hex), found "4Q"',
    ],
    [
      '{"type":"fail.next","fn":"uvm_map","errno":"EWHAT"}',
      `s:1: fail.next: errno: wanted an errno: ${ERRNOS.join(', ')}, found "EWHAT"`,
    ],
    [
      '{"type":"fail.next","fn":"fly","errno":"EIO"}',
      `s:1: fail.next: fn: wanted a failpoint: ${FAILPOINTS.join(', ')}, found "fly"`,
    ],
    [
      '{"type":"guest.fly"}',
      "s:1: type: wanted a command or a decision, found 'guest.fly'; there are guest.fault, guest.translate, guest.touch, guest.leave, guest.writecr, guest.vmgexit, guest.wrmsr",
    ],
    ['{"pid":1}', 's:1: type: wanted the type of a command or a decision, found nothing'],
    ['[]', 's:1: wanted a command or a decision as a JSON object, found []'],
    [
      '{"type":"host.exit","pid":1',
      's:1: wanted a command or a decision as one line of JSON, found a line that ends too early, at column 27',
    ],
    [
      '{"type":"start","thread":"t4","command":{"type":"host.exit","pid":1}}',
      's:1: start: thread: wanted a name for a thread (not t and a number, which are taken, and no property of every JavaScript object), found "t4"',
    ],
    ['{"type":"start","thread":"A","command":3}', 's:1: start: command: wanted a command, found 3'],
    ['{"type":"start","thread":"A"}', 's:1: start: command: wanted a command, found nothing'],
    [
      '{"type":"start","thread":"A","command":{"type":"host.exit"}}',
      's:1: start: command.pid: wanted a process id (a whole number), found nothing',
    ],
    [
      '{"type":"start","thread":"A","command":{"type":"host.exit","pid":1,"at":2}}',
      "s:1: start: wanted no field 'command.at'; host.exit has type, pid",
    ],
    [
      '{"type":"start","thread":"A","command":{"type":"guest.touch","vm":1,"gpa":0}}',
      "s:1: command.type: wanted a command that a thread can run, found 'guest.touch'",
    ],
    ['{"type":"host.wakeup"}\n{"type":"boot"}', 's:2: boot: wanted it on the first line, found it after another.'],
    ['{"type":"boot","mode":"npt"}', 's:1: boot: mode: wanted a mode of nested paging: ept, rvi, unknown, found "npt"'],
  ]
  for (const [line, sentence] of mistakes)
    it(`refuses ${line}`, () => {
      expect(() => readScenario(line, 's')).to.throw(sentence)
      try {
        readScenario(line, 's')
      } catch (error) {
        expect((error as Error).message).to.equal(sentence)
      }
    })
})
