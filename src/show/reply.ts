/**
 * Commands and their answers as a person reads them.
 */
import { hex, type Word64 } from '../../events/address.ts'
import type { CallCommand, Command } from '../../events/command.ts'
import type { FaultReport, InstructionReply, Outcome, Reply, RunReply, VmInfo } from '../../events/reply.ts'
import type { WaitChannel } from '../../events/wait.ts'
import { plain } from '../tape/text.ts'
import { count, WIDTH } from './table.ts'

/** `ioc.create pid 100 'vm'`: what was asked, without what has its default. */
export function commandText(command: Command): string {
  return [command.type, ...partsOf(command)].join(' ')
}

/** Fields in their order, with a few commands put more shortly. */
function partsOf(command: Command): string[] {
  switch (command.type) {
    case 'ioc.create':
      return [`pid ${command.pid}`, `'${command.name}'`]
    case 'ioc.info':
      return [`pid ${command.pid}`, `size ${command.size}`]
    case 'guest.fault':
      return fieldParts({ pid: command.pid, vm: command.vm, vcpu: command.vcpu, gpa: command.gpa })
    case 'host.spawn':
      return [`pid ${command.pid}`, ...(command.pledge.length > 0 ? [`pledged ${command.pledge.join(', ')}`] : [])]
    case 'ioc.resetcpu':
    case 'ioc.writeregs': {
      const { registers, ...rest } = command
      return fieldParts({ ...rest, ...registers })
    }
    case 'host.pledge':
      return [`pid ${command.pid}`, `to ${command.pledge.join(', ')}`]
    case 'host.pageout':
      return [`${command.object}:${command.page}`]
    case 'host.hold':
      return [`pid ${command.pid}`, `vm ${command.vm}`, `as '${command.as}'`]
    case 'host.release':
      return [`'${command.as}'`]
    case 'fail.next':
      return [command.fn, ...(command.k === 1 ? [] : [`call ${command.k}`]), command.errno]
    default:
      return fieldParts(command)
  }
}

/** `pid 100`, `va 0x1000`; an access and a flag that is set by themselves, and nothing for what has its default. */
function fieldParts(fields: object): string[] {
  return Object.entries(fields).flatMap(([key, value]) => {
    const shown = plain(value, key)
    if (key === 'type' || shown === null || shown === false || Array.isArray(shown)) return []
    if (key === 'vcpu' && shown === 0) return []
    if (shown === true) return [key]
    return [key === 'access' ? String(shown) : `${key} ${shown}`]
  })
}

/** What came of a command, after the arrow; more lines where there is more to tell. */
export function outcomeLines(command: Command, outcome: Outcome): string[] {
  if ('panic' in outcome) return [`panic in ${outcome.panic.fn} (${outcome.panic.kind})`]
  if ('blocked' in outcome) return [waitText(outcome.blocked, outcome.thread)]
  if (!outcome.ok) return [`${outcome.errno} (${outcome.at})${'why' in outcome ? `: ${outcome.why}` : ''}`]
  return replyLines(command, outcome)
}

/** Why a thread does not go on. */
function waitText(on: WaitChannel, thread: string): string {
  return on === 'guest' ? `in the guest, thread ${thread}` : `asleep on ${on}, thread ${thread}`
}

type Answered = Extract<Reply, { readonly ok: true }>

function replyLines(command: Command, reply: Answered): string[] {
  if ('id' in reply)
    return addressLines(`0: vm ${reply.id}${asidText(command, reply)}, ranges at`, rangeAddresses(command, reply.va))
  if ('vms' in reply) return infoLines(reply)
  if ('handle' in reply) return [`0: handle ${reply.handle}`]
  if ('platform' in reply) return [`0: the platform is ${reply.platform}`]
  if ('guest' in reply) return [guestText(reply)]
  if ('stop' in reply) return [reply.stop ? '0: must stop' : '0: may go on']
  if ('gpa' in reply) return [`0: gpa ${hex(reply.gpa)}`]
  if ('refused' in reply) return [instructionText(reply)]
  if ('registers' in reply || 'clockGpa' in reply || 'clockVersion' in reply) return [stateText(reply)]
  if ('left' in reply)
    return reply.left === null ? [`0: ${touchText(command, reply.faulted)}${wordText(reply)}`] : [leftText(reply.left)]
  if ('faulted' in reply) return [`${reply.faulted ? '0: after a fault' : '0: was mapped'}${wordText(reply)}`]
  if ('reason' in reply) return [runText(reply)]
  if ('exit' in reply) return [`0: ${faultText(reply)}`]
  if ('va' in reply) {
    if (typeof reply.va === 'object') return addressLines('0: ranges at', rangeAddresses(command, reply.va))
    return [`0: at ${hex(reply.va)}`]
  }
  return ['0']
}

/** What came of an instruction of the guest. */
function instructionText({ refused, left }: Extract<InstructionReply, { readonly ok: true }>): string {
  if (left !== null) return leftText(left)
  return refused === null ? '0: the guest goes on' : `0: the guest goes on with exception ${refused}`
}

/** Registers, or what READVMPARAMS tells: each by its name. */
function stateText(reply: object): string {
  const { ok: _, registers, ...others } = plain(reply, '') as Readonly<Record<string, unknown>>
  const parts = Object.entries({ ...(registers as object | undefined), ...others })
  return `0: ${parts.map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(' ') : value}`).join(', ')}`
}

/** What an access to a word found or left. */
function wordText(reply: { readonly word?: Word64 | undefined } | object): string {
  if ('value' in reply && reply.value === null) return ', noise'
  return 'word' in reply && reply.word !== undefined ? `, word ${hex(reply.word)}` : ''
}

/** The ASIDs of an encrypted guest, which its launch names. */
function asidText(command: Command, { asid = [] }: Extract<Answered, { readonly id: unknown }>): string {
  const isEncrypted = command.type === 'ioc.create' && (command.sev === true || command.seves === true)
  return isEncrypted && asid.length > 0 ? `, ASID ${asid.join(' ')}` : ''
}

/** Where each range lies in the caller; MMIO lies nowhere. */
function rangeAddresses(command: Command, va: readonly Word64[]): string[] {
  const { ranges } = command as Extract<CallCommand, { type: 'ioc.create' | 'ioc.sharemem' }>
  return va.map((address, index) => (ranges[index]?.memtype === 2 ? '-' : hex(address)))
}

/** A list on as many lines as it takes; 40 columns are left for the command before it. */
function addressLines(start: string, items: readonly string[]): string[] {
  const [first = '', ...rest] = items
  const lines = [`${start} ${first}`]
  for (const item of rest) {
    const last = lines.at(-1) ?? ''
    if (last.length + item.length + 1 <= WIDTH - 40) lines[lines.length - 1] = `${last} ${item}`
    else lines.push(item)
  }
  return lines
}

function touchText(command: Command, faulted: boolean): string {
  if (command.type === 'guest.leave') return 'the guest goes on'
  return faulted ? 'after a nested fault' : 'by the nested tables alone'
}

function leftText(left: RunReply): string {
  return `0: left RUN with ${left.ok ? runText(left) : `${left.errno} (${left.at})`}`
}

function runText({ reason, report }: Extract<RunReply, { readonly ok: true }>): string {
  const why = {
    none: 'to be run again',
    mmio: 'device memory',
    protect: 'protection',
    guest: 'the guest left',
    signal: 'a signal',
    interrupt: 'an interrupt for the guest',
  }
  const detail = report !== null && report.exit === 'mmio' ? `, instruction of ${report.instructionLength} bytes` : ''
  return `0: ${why[reason]}${detail}`
}

const PSP_GUEST = { launchUpdate: 'LUPDATE', launchSecret: 'LSECRET', running: 'RUNNING' } as const

function guestText({ guest, asid, es }: Extract<Answered, { readonly guest: unknown }>): string {
  return `0: ${PSP_GUEST[guest]}, ${asid === 0 ? 'no ASID' : `ASID ${asid}`}${es ? ', encrypted state' : ''}`
}

function faultText({ exit, instructionLength }: FaultReport): string {
  if (exit === 'mmio') return `assist for device memory, instruction of ${instructionLength} bytes`
  return { none: 'nothing classified', handled: 'handled', protect: 'protection' }[exit]
}

function infoLines(reply: Extract<Answered, { readonly vms: readonly VmInfo[] }>): string[] {
  if (reply.need !== null) return [`0: the buffer is too small, ${reply.need} bytes are needed`]
  const vms = reply.vms.map(
    ({ id, pid, name, memorySize, usedSize, states }) =>
      `vm ${id} pid ${pid} '${name}' memory ${hex(memorySize)} used ${hex(usedSize)} vcpu states ${states.map((one) => one.state).join(' ')}`,
  )
  return [`0: ${count(reply.count, 'VM')}`, ...vms.map((line) => line.trimEnd())]
}
