/**
 * What user space wrote between the events. A note is free text and proves nothing; one form is
 * read, `WHO N: checkpoint N TITLE`, as the place where the traced program asked the kernel for
 * its own counters.
 */
import type { ImportState, ThreadState } from './state.ts'

const CHECKPOINT = /^\S{1,40} \d{1,9}: checkpoint (\d{1,9})(?: (.*))?$/

export function noteWritten(s: ImportState, thread: ThreadState, text: string): void {
  s.emit({ type: 'note.written', line: s.line, time: s.time, text })
  const found = CHECKPOINT.exec(text.trimEnd())
  if (found === null) return
  const running: { vm: number; vcpu: number }[] = []
  const clouded: { vm: number; tables: boolean; counters: boolean; untraced: boolean }[] = []
  for (const vm of s.vms) {
    const { tables, counters } = vm.cloud
    if (tables || counters) clouded.push({ vm: vm.number, tables, counters, untraced: vm.untraced })
    for (const [vcpu, state] of vm.vcpus) if (state.running && !vm.ended) running.push({ vm: vm.number, vcpu })
  }
  const descriptors: { fd: number; vm: number }[] = []
  for (const [fd, file] of s.processes.get(thread.process ?? thread.pid)?.files ?? [])
    if (file.vcpu === null) descriptors.push({ fd, vm: file.vm.number })
  s.emit({
    type: 'checkpoint.noted',
    line: s.line,
    time: s.time,
    number: Number(found[1]),
    title: found[2] ?? '',
    running,
    live: s.live().map((vm) => vm.number),
    descriptors,
    clouded,
  })
}
