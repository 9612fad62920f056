/**
 * The page in which a guest of SEV-ES says what it wants: when it is looked up, and what happens at the address that is
 * kept.
 *
 * Source: svm_handle_vmgexit(), svm_vmgexit_sync_host(), svm_vmgexit_sync_guest(), vcpu_run_svm() of vmm_machdep.c 1.64.
 */
import { expect } from 'chai'
import type { Word64 } from '../../events/address.ts'
import type { Outcome } from '../../events/reply.ts'
import { DESIGNS } from '../../src/design/designs.ts'
import type { Run } from '../../src/engine/run.ts'
import { guestOf } from '../../src/model/guest.ts'
import { replayable } from '../support/replayed.ts'

const PAGE = 4096
const HVA = 0x1000000000
const EXIT_CODE = 0x390
const VALID_BITMAP = 0x3f0
const [CPUID, IOIO, MSR] = [0x72, 0x7b, 0x7c]
const SERVED = { ok: true, refused: null, left: null }
const guest = { vm: 1, vcpu: 0 } as const

/** A guest of SEV-ES of two pages, the second of which its process has written to, is run. */
function running(
  design?: string,
  kind: { readonly sev?: boolean; readonly seves?: boolean } = { sev: true, seves: true },
) {
  const host = replayable({ mode: 'rvi', frames: 64, sev: { cbit: 51, asids: 15, noes: 5 } }, design)
  const { run } = host
  run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
  run.dispatch({ type: 'host.spawn', pid: 200, pledge: [] })
  const own = design === 'vmspace'
  if (own) run.dispatch({ type: 'host.mmap', pid: 100, va: HVA, size: 2 * PAGE, shared: true })
  const ranges = [{ gpa: 0, size: 2 * PAGE, memtype: 0, va: own ? HVA : 0 }]
  run.dispatch({ type: 'ioc.create', pid: 100, ranges, ncpus: 1, name: 'vm', ...kind })
  run.dispatch({ type: 'host.write', pid: 100, va: HVA + PAGE, value: 0 })
  run.dispatch({ type: 'ioc.run', pid: 100, ...guest })
  return host
}

const kept = (run: Run) => guestOf(run.world.vms[1]?.vcpus[0]).ghcb
const vmgexit = (run: Run, gpa: Word64) => run.dispatch({ type: 'guest.vmgexit', ...guest, gpa })
const say = (run: Run, page: number, code: number) =>
  run.dispatch({ type: 'guest.touch', ...guest, gpa: page * PAGE + EXIT_CODE, access: 'w', word: code })
const word = (run: Run, gpa: number): unknown => {
  const found = run.dispatch({ type: 'guest.touch', ...guest, gpa, access: 'r', word: null })
  return 'word' in found ? found.word : found
}
/** How the vCPU's RUN has ended. */
const endOf = (outcome: Outcome): unknown => ('left' in outcome && outcome.left !== null ? outcome.left : outcome)

describe('a GHCB', () => {
  for (const { name } of DESIGNS) {
    it(`is looked up when it is named first, and answered there: ${name}`, () => {
      const { run, checkRun } = running(name)
      for (const code of [CPUID, MSR]) {
        say(run, 1, code)
        expect(vmgexit(run, PAGE)).to.deep.equal(SERVED)
        expect([word(run, PAGE + EXIT_CODE), word(run, PAGE + VALID_BITMAP)]).to.deep.equal([0, 0x30])
      }
      expect(kept(run)).to.deep.include({ gpa: PAGE, awaited: false })
      checkRun()
    })

    it(`is answered when userland is done, after a port access: ${name}`, () => {
      const { run, checkRun } = running(name)
      say(run, 1, IOIO)
      const left = vmgexit(run, PAGE)
      expect(left).to.have.nested.property('left.ok', true)
      expect(kept(run)?.awaited).to.equal(true)
      run.dispatch({ type: 'ioc.run', pid: 100, ...guest })
      expect(kept(run)?.awaited).to.equal(false)
      expect(word(run, PAGE + EXIT_CODE)).to.equal(0)
      checkRun()
    })
  }

  it('is the first that was named, whatever is named later', () => {
    const { run } = running()
    say(run, 1, CPUID)
    vmgexit(run, PAGE)
    say(run, 0, CPUID)
    say(run, 1, CPUID)
    expect(vmgexit(run, 0)).to.deep.equal(SERVED)
    expect([word(run, EXIT_CODE), word(run, PAGE + EXIT_CODE)]).to.deep.equal([CPUID, 0])
  })

  it('is looked up once: a page that has come back elsewhere is not found', () => {
    const { run, checkRun } = running()
    say(run, 1, CPUID)
    vmgexit(run, PAGE)
    const { frame } = kept(run) ?? {}
    run.dispatch({ type: 'host.pageout', object: 'a1', page: 1 } as never)
    run.dispatch({ type: 'host.mmap', pid: 200, va: 0x200000, size: PAGE } as never)
    run.dispatch({ type: 'host.touch', pid: 200, va: 0x200000, access: 'w' })
    say(run, 1, CPUID)
    expect(endOf(vmgexit(run, PAGE))).to.deep.include({ ok: false, errno: 'EINVAL', at: 'svm_vmgexit_sync_host' })
    expect(kept(run)?.frame).to.equal(frame)
    checkRun()
  })

  const refused: readonly (readonly [what: string, gpa: Word64, errno: string])[] = [
    ['at 0', 0, 'EINVAL'],
    ['that has no leaf', PAGE, 'EINVAL'],
    ['beyond the guest', 8 * PAGE, 'EINVAL'],
    ['above the 52 bits of an address', 2n ** 60n, 'EINVAL'],
    ['that is a request to end', 0x100, 'EPERM'],
    ['that is a request of another kind', 0x2, 'EINVAL'],
  ]
  for (const [what, gpa, errno] of refused)
    it(`ends the vCPU ${what}`, () => {
      const { run, checkRun } = running()
      expect(endOf(vmgexit(run, gpa))).to.deep.include({ ok: false, errno, at: 'svm_handle_vmgexit' })
      expect(run.world.vms[1]?.vcpus[0]?.state).to.equal(3)
      checkRun()
    })

  it('is not needed for CPUID, which has a request of its own', () => {
    const { run } = running()
    expect(vmgexit(run, 0x4)).to.deep.equal(SERVED)
    expect(kept(run)).to.equal(undefined)
  })

  it('ends the vCPU where it asks for what nobody knows', () => {
    const { run } = running()
    say(run, 1, 0x1234)
    expect(endOf(vmgexit(run, PAGE))).to.deep.include({ ok: false, errno: 'EINVAL', at: 'svm_vmgexit_sync_host' })
  })

  for (const kind of [{}, { sev: true }])
    it(`is for guests of SEV-ES: ${JSON.stringify(kind)}`, () => {
      const { run, checkRun } = running(undefined, kind)
      expect(vmgexit(run, PAGE)).to.deep.equal({ ok: true, refused: 6, left: null })
      checkRun()
    })
})
