/**
 * A repair, tried out: guest faults that always wire. The patch of May 2025 takes a page that the process has mapped as
 * it finds it; the page daemon may then take it away under the guest. Both designs get the same commands here.
 */
import { aobj, createRun, type Design, defineDesign, type World } from '../src/index.ts'

const wiring = { classifying: { done: 'wiring' } }

const alwaysWires = defineDesign(aobj, {
  name: 'aobj, always wires',
  about: 'the fault path wires without a look at what the process has mapped',
  routines: { 'ioc.run': wiring, 'guest.fault': wiring },
})

/** What the page is that the guest has at gpa 0. */
function guestPage({ vms, memory }: World): string {
  const leaf = memory.leafAt(vms[1]?.pmap ?? 0, 0)
  if (leaf === null) return 'none'
  return `frame ${leaf.frame}, ${memory.use(leaf.frame)}, wire count ${memory.wireCount(leaf.frame)}`
}

function press(design: Design): void {
  const run = createRun({ design })
  run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
  const ranges = [{ gpa: 0, size: 4096, memtype: 0, va: 0x200000 }]
  run.dispatch({ type: 'ioc.create', pid: 100, ranges, ncpus: 1, name: 'vm' })
  run.dispatch({ type: 'host.touch', pid: 100, va: 0x200000, access: 'w' })
  run.dispatch({ type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 })
  run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'w' })
  console.log(`${design.name}`)
  console.log(`  after the guest's access: ${guestPage(run.world)}`)
  run.dispatch({ type: 'host.pageout', object: 'a1', page: 0 })
  console.log(`  after the page daemon:    ${guestPage(run.world)}`)
}

press(aobj)
press(alwaysWires)
