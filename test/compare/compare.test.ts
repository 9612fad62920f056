/** One run on two designs: where they part, what is compared, and that a run retold is the run of the other design. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Recorded } from '../../events/event.ts'
import { actsOfScenario, actsOfTape } from '../../src/compare/act.ts'
import { comparePlays, compareRuns, type Pair, type Source } from '../../src/compare/compare.ts'
import { tallyOf, wiredPagesOf } from '../../src/compare/tally.ts'
import { DESIGNS, designNamed } from '../../src/design/designs.ts'
import { createRun, type Run } from '../../src/engine/run.ts'
import type { Violation } from '../../src/invariant/invariant.ts'
import { Monitor } from '../../src/invariant/monitor.ts'
import { play } from '../../src/scenario/play.ts'
import { readScenario } from '../../src/scenario/read.ts'
import { playVmd } from '../../src/vmd/vmd.ts'
import { readExamples, reported } from '../examples/scenario-head.ts'

/** A scenario as a source of decisions; one that names no design leaves the memory of VMs to vmm. */
function sourceOf(text: string, name: string, fallback = 'aobj'): Source {
  const { boot, design, entries } = readScenario(text, name)
  return { boot, design: designNamed(design ?? fallback), acts: (run) => actsOfScenario(run, entries) }
}

function example(name: string, fallback?: string): Source {
  return sourceOf(readFileSync(`examples/scenarios/${name}.jsonl`, 'utf8'), name, fallback)
}

function pairsOf(source: Source, designs: readonly [string, string]): readonly Pair[] {
  return [...compareRuns(source, [designNamed(designs[0]), designNamed(designs[1])]).pairs()]
}

function answersOf(pairs: readonly Pair[], side: 0 | 1): readonly string[] {
  return pairs.map(({ sides }) => sides[side].answer)
}

describe('a comparison', () => {
  const vmd = (faults: number) =>
    comparePlays({}, [designNamed('vmspace'), designNamed('aobj')], (run) =>
      playVmd(run, { memory: 2 ** 30, devices: 2, faults }),
    )

  it('parts where a device process is forked with the memory of the guest, and where the guest runs into the firmware', () => {
    const parting = [...vmd(300).pairs()].filter(({ parts }) => parts)
    expect(
      parting.map(({ command, sides, differs }) => [command?.type ?? sides[0].answer, ...differs].join(' ')),
    ).to.deep.equal([
      // A child has the mappings of its parent until it execs; slots of the patch are not inherited.
      'host.fork shared',
      'host.fork shared',
      // The page that the loader has written is wired in one design alone: D03.
      'the guest touched 300 pages: 300 nested faults wiredPages',
      'guest.leave wiredPages',
      'the guest has powered off: the vm process shuts its devices down and ends wiredPages',
      'host.exit wiredPages',
      'host.exit wiredPages',
      'host.exit wiredPages',
      'the vmm process hears of the end of the vm process: SIGCHLD wiredPages',
    ])
    expect(parting.at(-1)?.sides.map(({ tally }) => tally.nestedPages)).to.deep.equal([300, 300])
  })

  it('tells who holds the memory, which differs by design', () => {
    const running = [...vmd(1).pairs()].find(({ command }) => command?.type === 'ioc.run')
    const held = running?.sides.map(({ tally: { byNestedMaps, bySlots } }) => ({ byNestedMaps, bySlots }))
    expect(held).to.deep.equal([
      { byNestedMaps: 5, bySlots: 0 },
      { byNestedMaps: 0, bySlots: 4 },
    ])
  })

  it('parts where two TERMs race, at the answer of the second', () => {
    const parting = pairsOf(example('d10'), ['aobj', 'aobj-dying']).find(({ parts }) => parts)
    expect(parting?.sides.map(({ answer }) => answer)).to.deep.equal(['panic in trap', 'EBUSY (vm_terminate)'])
  })

  it('tells a page of words from a page of one value, without the number that a run gives its words', () => {
    const touch = (access: string, gpa = 0) => `{"type":"guest.touch","vm":1,"gpa":${gpa},"access":"${access}"`
    const lines = [
      '{"type":"host.spawn","pid":100}',
      '{"type":"ioc.create","pid":100,"ranges":[{"gpa":0,"size":"0x1000"}]}',
      '{"type":"ioc.run","pid":100,"vm":1}',
      `${touch('w')},"value":5}`,
      `${touch('r')},"value":null}`,
      `${touch('w', 8)},"word":"0x7"}`,
      `${touch('r', 8)},"word":null}`,
      `${touch('r')},"value":null}`,
    ]
    const pairs = pairsOf(sourceOf(lines.join('\n'), 'lines'), ['vmspace', 'aobj'])
    for (const side of [0, 1] as const)
      expect(answersOf(pairs, side).slice(3)).to.deep.equal([
        '0, holds 5, faulted',
        '0, holds 5',
        '0, holds word 0x7',
        '0, holds word 0x7',
        '0, holds words',
      ])
  })

  it('counts nothing in a host that has just booted', () => {
    expect(Object.values(tallyOf(createRun({}).world)).every((value) => value === 0)).to.equal(true)
  })

  it('parts on the page that vmm wires in one design and not in the other, and says what came of it', () => {
    const pairs = pairsOf(example('d03-ept'), ['vmspace', 'aobj'])
    const parting = pairs.find(({ parts }) => parts)
    expect(parting?.command).to.include({ type: 'guest.touch', gpa: 0 })
    expect(parting?.differs).to.deep.equal(['wiredPages'])
    expect(answersOf(pairs, 0).slice(8)).to.deep.equal([
      'EBUSY (uvmpd_scan)',
      '0, faulted',
      '0, holds 1',
      '0, holds 2',
      '0, holds 2',
      '0, holds 7',
    ])
    expect(answersOf(pairs, 1).slice(8)).to.deep.equal([
      '0',
      '0, faulted',
      '0, holds 7',
      '0, holds 2',
      '0, holds 1, faulted',
      '0, holds 2',
    ])
  })
})

/** The invariants that report on the second of the runs that are compared. */
function idsOf(source: Source, design: string): readonly string[] {
  const { pairs, runs } = compareRuns(source, [source.design, designNamed(design)])
  const run = runs[1]
  const violations: Violation[] = []
  const monitor = new Monitor(run.world, { report: (violation) => violations.push(violation) })
  run.subscribe((recorded) => monitor.take(recorded, run.current))
  for (const _ of pairs());
  return reported(violations)
}

/** Twins that do not stop their calls at the same step, and so come to something else when they are retold. */
const APART: ReadonlyMap<string, string> = new Map([
  ['d03-rvi.vmspace.jsonl', 'its guest asks its tables and not its TLB, and has no second page'],
  [
    'd09a.vmspace.jsonl',
    'its CREATE stops where the object design has sealed the slot that the sibling wants to unmap',
  ],
])

/** What a scenario answers, but for what its processes map themselves: the types of its commands, and the answers. */
function answersByType(pairs: readonly Pair[], side: 0 | 1): readonly string[] {
  return pairs
    .filter(({ command }) => command?.type !== 'host.mmap')
    .map(({ command, sides }) => `${command?.type}: ${sides[side].answer}`)
}

/** A failure is not asked for where it is retold, but where it comes; the answer to asking says nothing. */
function withoutPasses(answer: string): string {
  return answer.startsWith('fail.next') ? 'fail.next' : answer
}

function typesOf(answers: readonly string[]): string {
  return answers.map((answer) => answer.split(':')[0]).join()
}

describe('a run that is retold', () => {
  const examples = readExamples()
  for (const { file, family, text } of examples) {
    const here = /\.(\w+)\.jsonl$/.exec(file)?.[1] ?? 'aobj'
    const there = here === 'aobj' ? 'vmspace' : 'aobj'
    const twin = examples.find((one) => one.family === family && one.file !== file)
    const ids = twin?.expected.get(there)
    if (twin === undefined || ids === undefined || APART.has(file)) continue
    it(`shows on ${there} what ${twin.file} shows there: ${file}`, () => {
      expect(idsOf(sourceOf(text, file), there)).to.deep.equal(ids)
    })
    const retold = answersByType(pairsOf(sourceOf(text, file), [here, there]), 1)
    const wanted = answersByType(pairsOf(sourceOf(twin.text, twin.file), [there, there]), 0)
    if (typesOf(retold) !== typesOf(wanted)) continue
    it(`is answered on ${there} as ${twin.file} is: ${file}`, () => {
      expect(retold.map(withoutPasses)).to.deep.equal(wanted.map(withoutPasses))
    })
  }

  for (const { file, text, expected } of examples)
    for (const design of expected.keys())
      it(`is the run itself on its own design, ${design}: ${file}`, () => {
        const source = sourceOf(text, file, design)
        const { boot, entries } = readScenario(text, file)
        // A design of the same kind under another name, so that the decisions are retold and not taken as they are.
        const other = { ...designNamed(design), name: `${design} again` }
        const events: Recorded[] = []
        const { pairs, runs } = compareRuns(source, [source.design, other])
        runs[1].subscribe((recorded) => events.push(recorded))
        const parts = [...pairs()].filter((pair) => pair.parts)
        const wanted: Recorded[] = []
        const run = createRun({ design: source.design, boot, record: (recorded) => wanted.push(recorded) })
        for (const _ of play(run, entries));
        expect(parts).to.deep.equal([])
        expect(events).to.deep.equal(wanted)
      })

  for (const { file, text, expected } of examples)
    for (const design of expected.keys())
      it(`comes to the same from its tape as from its lines, on ${design}: ${file}`, () => {
        const source = sourceOf(text, file, design)
        const { boot, entries } = readScenario(text, file)
        const tape: Recorded[] = []
        const run = createRun({ design: source.design, boot, record: (recorded) => tape.push(recorded) })
        for (const _ of play(run, entries));
        const ofTape: Source = { ...source, acts: (again) => actsOfTape(again, tape) }
        const other = source.design.memoryFrom === 'vmm' ? 'vmspace' : 'aobj'
        expect(idsOf(ofTape, other)).to.deep.equal(idsOf(source, other))
        const same = { ...source.design, name: `${design} again` }
        const { pairs } = compareRuns(ofTape, [source.design, same])
        expect([...pairs()].filter((pair) => pair.parts)).to.deep.equal([])
        // A second playing ends where the first ended.
        const again: Run = createRun({ design: source.design, boot })
        for (const _ of actsOfTape(again, tape));
        expect(again.seq).to.equal(tape.length)
      })

  it('counts wired pages as it goes as one who looks at each page', () => {
    for (const { file, text } of examples)
      for (const { name } of DESIGNS) {
        const { pairs, runs } = compareRuns(sourceOf(text, file), [designNamed('vmspace'), designNamed(name)])
        for (const { sides } of pairs())
          expect(sides.map(({ tally }) => tally.wiredPages)).to.deep.equal(
            runs.map(({ current }) => wiredPagesOf(current)),
          )
      }
  })
})
