/**
 * Beginnings and ends: VMs and vCPUs, who holds them by descriptors and mappings, and the order in
 * which KVM takes a VM apart when the last holder lets go.
 *
 * Source: kvm_dev_ioctl_create_vm(), kvm_vm_ioctl_create_vcpu(), kvm_put_kvm() and kvm_destroy_vm()
 * of virt/kvm/kvm_main.c, kvm_arch_destroy_vm() of arch/x86/kvm/x86.c, Linux 6.1.
 */
import type { CallEntered, CallReturned, FunctionEntered, TscTracked } from '../ftrace/event.ts'
import { candidates, decide, findVm, vmByPointer } from './attribution.ts'
import { contentsOf, rootsInvalidated } from './entries.ts'
import { resolveFault, stateOf } from './faults.ts'
import { abandonRequest } from './slots.ts'
import { type FileState, hostAddress, type ImportState, type ThreadState, type VmState } from './state.ts'

/** ioctl numbers. @source include/uapi/linux/kvm.h */
const KVM_CREATE_VM = 0xae01n
const KVM_CREATE_VCPU = 0xae41n
const KVM_RUN = 0xae80n

const MEMORY_CALLS: readonly string[] = ['mmap', 'munmap', 'madvise', 'mprotect', 'mremap']

/** A system call begins: its descriptor says which VM the thread is at work for. */
export function callEntered(s: ImportState, thread: ThreadState, event: CallEntered): void {
  const { call, args } = event
  const holder = thread.process ?? thread.pid
  const process = s.process(holder)
  const fd = args.fd === undefined ? null : Number(args.fd)
  const file = fd === null ? null : (process.files.get(fd) ?? null)
  thread.call = { name: call, args, file }
  thread.context = null
  if (call === 'ioctl' && file !== null) {
    thread.context = file.vm
    thread.served.add(file.vm)
    thread.vcpu = file.vcpu
    if (args.cmd === KVM_RUN && file.vcpu !== null) {
      stateOf(s, file.vm, file.vcpu).running = true
      const { vm, vcpu } = file
      s.emit({ type: 'run.begun', line: s.line, time: s.time, vm: vm.number, vcpu, thread: thread.pid })
    }
  } else if (call === 'close' && file !== null && fd !== null) {
    process.files.delete(fd)
    file.holders -= 1
    thread.let = file
    const { vm, vcpu } = file
    s.emit({ type: 'descriptor.closed', line: s.line, time: s.time, vm: vm.number, vcpu, process: holder, fd })
  } else if (MEMORY_CALLS.includes(call) && candidates(s, thread).some((vm) => vm.process === thread.process)) {
    s.emit({ type: 'host.called', line: s.line, time: s.time, process: holder, call, args })
    if (call === 'munmap') unmapRunPage(s, thread, holder, hostAddress(args.addr ?? 0n))
  }
}

/** A system call returns: its result may be a new descriptor. */
export function callReturned(s: ImportState, thread: ThreadState, event: CallReturned): void {
  const call = thread.call
  thread.call = null
  const context = thread.context
  thread.context = null
  if (call === null || call.name !== event.call) return
  const holder = thread.process ?? thread.pid
  if (call.name === 'mmap' && call.file !== null && call.file.vcpu !== null && event.result >= 0n) {
    const hva = hostAddress(event.result)
    s.process(holder).mappings.set(hva, call.file)
    call.file.holders += 1
    const { vm, vcpu } = call.file
    s.emit({ type: 'runpage.mapped', line: s.line, time: s.time, vm: vm.number, vcpu, process: holder, hva })
  }
  if (call.name !== 'ioctl') return
  const command = call.args.cmd
  if (command === KVM_RUN) {
    resolveFault(s, thread, event.result < 0n ? 'failed' : 'retried')
    const vm = call.file?.vm ?? context
    if (vm !== null && thread.vcpu !== null) stateOf(s, vm, thread.vcpu).running = false
    const errno = event.result < 0n ? Number(-event.result) : 0
    s.emit({
      type: 'run.ended',
      line: s.line,
      time: s.time,
      vm: vm?.number ?? null,
      vcpu: thread.vcpu,
      thread: thread.pid,
      errno,
    })
  } else if (event.result >= 0n && command === KVM_CREATE_VM) {
    let vm = context
    if (vm === null) {
      // Without the probe, the call's return is the first that is heard of it.
      vm = s.addVm(thread.process, null, true)
      s.emit({ type: 'vm.created', line: s.line, time: s.time, vm: vm.number, process: vm.process, pointer: null })
    }
    opened(s, holder, Number(event.result), { vm, vcpu: null, holders: 1 })
  } else if (event.result >= 0n && command === KVM_CREATE_VCPU) {
    const vm = call.file?.vm ?? context ?? decide(s, thread)
    if (vm === null) return
    const vcpu = Number(call.args.arg ?? 0n)
    created(s, vm, vcpu, null)
    opened(s, holder, Number(event.result), { vm, vcpu, holders: 1 })
  }
}

function opened(s: ImportState, process: number, fd: number, file: FileState): void {
  s.process(process).files.set(fd, file)
  const { vm, vcpu } = file
  s.emit({ type: 'descriptor.opened', line: s.line, time: s.time, vm: vm.number, vcpu, process, fd })
}

function created(s: ImportState, vm: VmState, vcpu: number, pointer: string | null): void {
  if (pointer !== null) s.vcpuByPointer.set(pointer, { vm, vcpu })
  if (vm.vcpus.has(vcpu)) return
  vm.vcpus.set(vcpu, { pointer, running: false })
  s.emit({ type: 'vcpu.created', line: s.line, time: s.time, vm: vm.number, vcpu, pointer })
}

function unmapRunPage(s: ImportState, thread: ThreadState, process: number, hva: number): void {
  const { mappings } = s.process(process)
  const file = mappings.get(hva)
  if (file === undefined) return
  mappings.delete(hva)
  file.holders -= 1
  thread.let = file
  const { vm, vcpu } = file
  s.emit({ type: 'runpage.unmapped', line: s.line, time: s.time, vm: vm.number, vcpu, process, hva })
}

/**
 * The line that tells a new vCPU's number where its system call is not traced. When it says that
 * the VM's first vCPU was made though the process's VM has it already, there is a second VM.
 */
export function tscTracked(s: ImportState, thread: ThreadState, event: TscTracked): void {
  const { making } = thread
  thread.making = null
  let vm = making?.vm ?? decide(s, thread)
  if (vm === null || (event.online === 1 && thread.context === null && making === null && vm.vcpus.has(event.vcpu))) {
    if (event.online !== 1) return
    vm = findVm(s, thread, null, true)
  }
  created(s, vm, event.vcpu, making?.pointer ?? null)
}

/** A probe at the beginning of a kernel function. */
export function functionEntered(s: ImportState, thread: ThreadState, event: FunctionEntered): void {
  const step = event.event
  if (step === 'arch_init_vm') {
    const vm = s.addVm(thread.process, event.kvm, true)
    thread.context = vm
    thread.served.add(vm)
    const pointer = event.kvm
    s.emit({ type: 'vm.created', line: s.line, time: s.time, vm: vm.number, process: vm.process, pointer })
    return
  }
  if (step === 'vcpu_create') {
    const vm = decide(s, thread)
    const id = thread.call?.args.cmd === KVM_CREATE_VCPU ? thread.call.args.arg : undefined
    if (event.vcpu === null) return
    if (vm !== null && id !== undefined) created(s, vm, Number(id), event.vcpu)
    else thread.making = { vm, pointer: event.vcpu }
    return
  }
  if (step === 'vm_release' || step === 'vcpu_release') {
    released(s, thread, step)
    return
  }
  const held = event.vcpu === null ? null : (s.vcpuByPointer.get(event.vcpu) ?? null)
  const vm = event.kvm !== null ? vmByPointer(s, thread, event.kvm) : (held?.vm ?? decide(s, thread))
  if (step === 'flush_remote_tlbs') {
    s.emit({ type: 'tlb.flushed', line: s.line, time: s.time, vm: vm?.number ?? null })
    return
  }
  if (vm !== null) {
    thread.context = vm
    thread.served.add(vm)
  }
  if (step === 'tdp_mmu_invalidate_roots' && vm !== null) rootsInvalidated(s, thread, vm)
  else if (step === 'tdp_mmu_zap_invalidated') thread.zapping = vm
  else if (step === 'flush_shadow_memslot' || step === 'tdp_mmu_invalidate_roots') return
  else {
    const vcpu = held?.vcpu ?? null
    s.emit({ type: 'teardown.reached', line: s.line, time: s.time, vm: vm?.number ?? null, vcpu, step })
    if (step === 'mmu_uninit_vm' && vm !== null && !vm.ended) ended(s, vm)
  }
}

function released(s: ImportState, thread: ThreadState, step: 'vm_release' | 'vcpu_release'): void {
  const file = thread.let
  const fits = file !== null && file.holders <= 0 && (file.vcpu === null) === (step === 'vm_release')
  thread.let = null
  const vm = fits ? file.vm : decide(s, thread)
  const at = { line: s.line, time: s.time, vm: vm?.number ?? null }
  if (step === 'vm_release') s.emit({ type: 'vm.released', ...at })
  else s.emit({ type: 'vcpu.released', ...at, vcpu: fits ? file.vcpu : null })
}

function ended(s: ImportState, vm: VmState): void {
  vm.ended = true
  const { leaves, tables } = contentsOf(s, vm.trees)
  s.emit({ type: 'vm.ended', line: s.line, time: s.time, vm: vm.number, leaves, tables })
}

/** Everything that a process holds, its child holds as well; a new thread holds nothing of its own. */
export function forked(s: ImportState, thread: ThreadState, child: number): void {
  const process = thread.process ?? thread.pid
  const parent = s.processes.get(process)
  s.emit({ type: 'process.forked', line: s.line, time: s.time, process, child })
  // A PID that is used again is another thread.
  s.threads.delete(child)
  s.processes.delete(child)
  if (parent !== undefined && parent.files.size > 0)
    s.forks.set(child, { pid: child, files: new Map(parent.files), mappings: new Map(parent.mappings) })
}

/** The first line of a child: its process column says whether it is a process of its own. */
export function childSeen(s: ImportState, pid: number, tgid: number | null): void {
  const copy = s.forks.get(pid)
  if (copy === undefined || tgid === null) return
  s.forks.delete(pid)
  if (tgid !== pid) return
  for (const file of copy.mappings.values()) file.holders += 1
  for (const [fd, file] of copy.files) {
    file.holders += 1
    opened(s, pid, fd, file)
  }
  for (const [hva, file] of copy.mappings) s.process(pid).mappings.set(hva, file)
}

/** A thread is gone, and with it what it was in the middle of. */
export function threadExited(s: ImportState, thread: ThreadState): void {
  resolveFault(s, thread, 'failed')
  abandonRequest(s, thread)
  if (thread.context !== null && thread.vcpu !== null) {
    const vcpu = thread.context.vcpus.get(thread.vcpu)
    if (vcpu !== undefined && thread.call?.args.cmd === KVM_RUN) vcpu.running = false
  }
  s.emit({ type: 'thread.exited', line: s.line, time: s.time, thread: thread.pid })
  s.threads.delete(thread.pid)
  const { process } = thread
  if (process === null) return
  const held = (s.processes.get(process)?.files.size ?? 0) > 0
  if (!held && !s.vms.some((vm) => vm.process === process)) return
  for (const other of s.threads.values()) if (other.process === process) return
  s.emit({ type: 'process.exited', line: s.line, time: s.time, process })
}
