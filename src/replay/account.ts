/**
 * What ran on a tape: events and commands by their kind, how commands ended, and the life of each VM with the order in
 * which it was taken apart.
 */
import { hex } from '../../events/address.ts'
import type { CallCommand } from '../../events/command.ts'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import type { ThreadId, VmId, VmRef } from '../../events/ids.ts'
import type { World } from '../model/world.ts'

/** How the calls of one command ended: those that are in flight at the end have not. */
export type CommandCount = {
  readonly command: CallCommand['type']
  readonly asked: number
  readonly ok: number
  /** By errno. */
  readonly refused: Readonly<Record<string, number>>
}

/** Something that happened to a VM, and the event that said so. */
export type Milestone = { readonly seq: number; readonly what: string }

export type VmStory = {
  readonly ref: VmRef
  readonly id: VmId
  readonly name: string
  readonly creator: number
  /** From its allocation to its end. */
  readonly life: readonly Milestone[]
  /** What the teardown took away, in order. */
  readonly teardown: readonly Milestone[]
}

export type Account = {
  readonly events: number
  readonly firstSeq: number | null
  readonly lastSeq: number | null
  /** By type, most frequent first. */
  readonly byType: readonly { readonly type: string; readonly events: number }[]
  readonly byCommand: readonly CommandCount[]
  readonly vms: readonly VmStory[]
}

type Counting = { asked: number; ok: number; refused: Record<string, number> }
type Telling = {
  ref: VmRef
  id: VmId
  name: string
  creator: number
  life: Milestone[]
  teardown: Milestone[]
  tearing: boolean
}

/** Counts while a tape is gone over. */
export class Accountant {
  readonly #types = new Map<string, number>()
  readonly #commands = new Map<CallCommand['type'], Counting>()
  readonly #calls = new Map<ThreadId, CallCommand['type']>()
  readonly #vms = new Map<VmRef, Telling>()
  /** The VM that each object, pmap and vCPU of a teardown belongs to. */
  readonly #owners = new Map<string, VmRef>()
  /** What objects are called, also once they are gone. */
  readonly #names = new Map<number, string>()
  #first: number | null = null
  #last: number | null = null

  /** @param world in which calls may be in flight and VMs live already. */
  constructor(world: World) {
    for (const { id, command } of Object.values(world.threads)) this.#calls.set(id, command.type)
    for (const { ref, name } of Object.values(world.objects)) this.#names.set(ref, name)
    for (const vm of Object.values(world.vms)) {
      const { ref, id, name, creator, life, slots, pmap } = vm
      const tearing = life === 'tearing'
      this.#vms.set(ref, { ref, id, name, creator, life: [{ seq: world.seq, what: life }], teardown: [], tearing })
      for (const { object } of slots) if (object !== null) this.#owners.set(`object ${object}`, ref)
      if (pmap !== null) this.#owners.set(`pmap ${pmap}`, ref)
    }
  }

  take({ seq, event, thread }: Recorded): void {
    this.#first ??= seq
    this.#last = seq
    this.#types.set(event.type, (this.#types.get(event.type) ?? 0) + 1)
    if (event.type === 'call.started') this.#ask(event.thread, event.command.type)
    else if (event.type === 'call.replied') this.#answer(thread ?? event.thread, event.reply)
    else this.#tell(seq, event)
  }

  account(): Account {
    const byType = [...this.#types].map(([type, events]) => ({ type, events }))
    return {
      events: byType.reduce((sum, { events }) => sum + events, 0),
      firstSeq: this.#first,
      lastSeq: this.#last,
      byType: byType.sort((a, b) => b.events - a.events || (a.type < b.type ? -1 : 1)),
      byCommand: [...this.#commands].map(([command, counts]) => ({ command, ...counts })),
      vms: [...this.#vms.values()].map(({ tearing: _, ...story }) => story),
    }
  }

  #countOf(command: CallCommand['type']): Counting {
    const known = this.#commands.get(command)
    if (known !== undefined) return known
    const made: Counting = { asked: 0, ok: 0, refused: {} }
    this.#commands.set(command, made)
    return made
  }

  #ask(thread: ThreadId, command: CallCommand['type']): void {
    this.#calls.set(thread, command)
    this.#countOf(command).asked += 1
  }

  #answer(thread: ThreadId, reply: Extract<VmmEvent, { type: 'call.replied' }>['reply']): void {
    const command = this.#calls.get(thread)
    if (command === undefined) return
    this.#calls.delete(thread)
    const counts = this.#countOf(command)
    if (reply.ok) counts.ok += 1
    else counts.refused[reply.errno] = (counts.refused[reply.errno] ?? 0) + 1
  }

  /** The events that the story of a VM is made of. */
  #tell(seq: number, event: VmmEvent): void {
    switch (event.type) {
      case 'vm.allocated': {
        const { vm: ref, name, pid: creator } = event
        this.#vms.set(ref, {
          ref,
          id: 0,
          name,
          creator,
          life: [{ seq, what: 'allocated' }],
          teardown: [],
          tearing: false,
        })
        return
      }
      case 'vm.registered': {
        const story = this.#vms.get(event.vm)
        if (story !== undefined) story.id = event.id
        this.#live(seq, event.vm, `registered as ${event.id}`)
        return
      }
      case 'vm.condemned':
        this.#live(seq, event.vm, 'condemned')
        return
      case 'vm.unlinked':
        this.#live(seq, event.vm, 'unlinked')
        return
      case 'vm.teardownBegun': {
        const story = this.#vms.get(event.vm)
        if (story !== undefined) story.tearing = true
        this.#live(seq, event.vm, 'torn down')
        return
      }
      case 'vm.freed':
        this.#live(seq, event.vm, 'freed')
        this.#take(seq, event.vm, 'freed')
        return
      case 'object.created':
        this.#names.set(event.object, event.name)
        return
      case 'slot.held':
        this.#owners.set(`object ${event.object}`, event.vm)
        return
      case 'pmap.created':
        if (event.owner.kind === 'nested') this.#owners.set(`pmap ${event.pmap}`, event.owner.vm)
        return
      case 'vcpu.deinitialised':
        this.#take(seq, event.vm, `vcpu ${event.vcpu} deinitialised`)
        return
      case 'pmap.removed':
        this.#take(
          seq,
          this.#owners.get(`pmap ${event.pmap}`),
          `${event.pages} ${event.pages === 1 ? 'page' : 'pages'} removed from ${hex(event.first)}`,
        )
        return
      case 'slot.released':
        this.#take(seq, event.vm, `slot ${event.slot} released`)
        return
      case 'object.freed':
        this.#take(
          seq,
          this.#owners.get(`object ${event.object}`),
          `${this.#names.get(event.object) ?? `object #${event.object}`} freed`,
        )
        return
      case 'pmap.destroyed':
        this.#take(seq, this.#owners.get(`pmap ${event.pmap}`), 'nested tables destroyed')
        return
      default:
        return
    }
  }

  #live(seq: number, vm: VmRef, what: string): void {
    this.#vms.get(vm)?.life.push({ seq, what })
  }

  #take(seq: number, vm: VmRef | undefined, what: string): void {
    const story = vm === undefined ? undefined : this.#vms.get(vm)
    if (story?.tearing === true) story.teardown.push({ seq, what })
  }
}
