/**
 * Decoders of the tracepoints of KVM, of the scheduler's two that tell of processes, and of marks.
 */
import { at, D, type Decode, H, maybe, pattern, re } from './decoder.ts'
import type { TraceEvent } from './event.ts'
import { hex64, hexNumber } from './number.ts'

/** Decoders of tracepoints, by the kernel's name for them. */
export const TRACEPOINTS: readonly (readonly [string, Decode])[] = [
  [
    'kvm_entry',
    // Newer kernels add ` [immediate exit]`; 6.2 and later ` intr_info .. error_code ..`.
    pattern(
      new RegExp(`^vcpu ${D}(?:, rip ${H}(?: intr_info ${H} error_code ${H})?(?:\\s?\\[immediate exit\\])?)?$`),
      (c) => {
        const rip = maybe(c, 2)
        return { event: 'kvm_entry', vcpu: Number(c[1]), rip: rip === null ? null : hex64(rip) }
      },
    ),
  ],
  [
    'kvm_exit',
    // With the vCPU; without it (before 5.9, `info A B`); trace-cmd's plugin prints the latter.
    pattern(
      new RegExp(
        `^(?:vcpu ${D} )?reason (\\S+(?: excp)?) rip ${H} info(?:1 ${H} info2 ${H}(?: intr_info ${H} error_code ${H})?(?: requests ${H})?| ${H} ${H})$`,
      ),
      (c) => {
        const vcpu = maybe(c, 1)
        return {
          event: 'kvm_exit',
          vcpu: vcpu === null ? null : Number(vcpu),
          reason: at(c, 2),
          rip: hex64(at(c, 3)),
          info1: hex64(c[4] ?? at(c, 9)),
          info2: hex64(c[5] ?? at(c, 10)),
        }
      },
    ),
  ],
  [
    'kvm_page_fault',
    pattern(re(`(?:vcpu ${D} rip ${H} )?address ${H} error_code ${H}`), (c) => {
      const vcpu = maybe(c, 1)
      const rip = maybe(c, 2)
      return {
        event: 'kvm_page_fault',
        vcpu: vcpu === null ? null : Number(vcpu),
        rip: rip === null ? null : hex64(rip),
        address: hex64(at(c, 3)),
        error: hex64(at(c, 4)),
      }
    }),
  ],
  [
    'kvm_mmu_spte_requested',
    pattern(re(`gfn ${H} pfn ${H} level ([1-5])`), (c) => {
      const gfn = hexNumber(at(c, 1))
      return gfn === null ? null : { event: 'kvm_mmu_spte_requested', gfn, pfn: hex64(at(c, 2)), level: Number(c[3]) }
    }),
  ],
  [
    'kvm_mmu_set_spte',
    pattern(re(`gfn ${H} spte ${H} \\(([rwxsu-]{3,5})\\) level ([1-5])(?: at ${H})?`), (c) => {
      const gfn = hexNumber(at(c, 1))
      const place = maybe(c, 5)
      if (gfn === null) return null
      return {
        event: 'kvm_mmu_set_spte',
        gfn,
        spte: hex64(at(c, 2)),
        access: at(c, 3),
        level: Number(c[4]),
        at: place === null ? null : hex64(place),
      }
    }),
  ],
  [
    'kvm_tdp_mmu_spte_changed',
    pattern(re(`as id (\\d) gfn ${H} level ([1-5]) old_spte ${H} new_spte ${H}`), (c) => {
      const gfn = hexNumber(at(c, 2))
      if (gfn === null) return null
      return {
        event: 'kvm_tdp_mmu_spte_changed',
        as: Number(c[1]),
        gfn,
        level: Number(c[3]),
        old: hex64(at(c, 4)),
        new: hex64(at(c, 5)),
      }
    }),
  ],
  [
    'fast_page_fault',
    pattern(
      re(`vcpu ${D} gva ${H} error_code [A-Za-z|0-9]* ?sptep \\S+ old ${H} new ${H} spurious ([01]) fixed ([01])`),
      (c) => ({
        event: 'fast_page_fault',
        vcpu: Number(c[1]),
        address: hex64(at(c, 2)),
        old: hex64(at(c, 3)),
        new: hex64(at(c, 4)),
        spurious: c[5] === '1',
        fixed: c[6] === '1',
      }),
    ),
  ],
  [
    'kvm_mmu_get_page',
    tablePage((gfn, level, state) => ({
      event: 'kvm_mmu_get_page',
      gfn,
      level,
      made: state === 'new',
    })),
  ],
  ['kvm_mmu_prepare_zap_page', tablePage((gfn, level) => ({ event: 'kvm_mmu_prepare_zap_page', gfn, level }))],
  [
    'kvm_mmu_split_huge_page',
    pattern(re(`gfn ${H} spte ${H} level ([1-5]) errno (-?\\d{1,5})`), (c) => {
      const gfn = hexNumber(at(c, 1))
      if (gfn === null) return null
      return {
        event: 'kvm_mmu_split_huge_page',
        gfn,
        spte: hex64(at(c, 2)),
        level: Number(c[3]),
        errno: Number(c[4]),
      }
    }),
  ],
  [
    'kvm_mmu_zap_all_fast',
    pattern(re(`kvm-mmu-valid-gen ${H} used_pages ${H}`), (c) => ({
      event: 'kvm_mmu_zap_all_fast',
      generation: Number.parseInt(at(c, 1), 16),
    })),
  ],
  [
    'kvm_unmap_hva_range',
    pattern(re(`mmu notifier unmap range: ${H} -- ${H}`), (c) => ({
      event: 'kvm_unmap_hva_range',
      start: hex64(at(c, 1)),
      end: hex64(at(c, 2)),
    })),
  ],
  [
    'kvm_set_spte_hva',
    pattern(re(`mmu notifier set pte hva: ${H}`), (c) => ({
      event: 'kvm_set_spte_hva',
      hva: hex64(at(c, 1)),
    })),
  ],
  [
    'kvm_age_hva',
    pattern(re(`mmu notifier age hva: ${H} -- ${H}`), (c) => ({
      event: 'kvm_age_hva',
      start: hex64(at(c, 1)),
      end: hex64(at(c, 2)),
    })),
  ],
  [
    'mark_mmio_spte',
    pattern(re(`sptep:\\S+ gfn ${H} access ${H} gen ${H}`), (c) => {
      const gfn = hexNumber(at(c, 1))
      if (gfn === null) return null
      return {
        event: 'mark_mmio_spte',
        gfn,
        access: Number.parseInt(at(c, 2), 16),
        generation: Number.parseInt(at(c, 3), 16),
      }
    }),
  ],
  [
    'check_mmio_spte',
    pattern(re(`spte ${H} kvm_gen ${H} spte-gen ${H} valid ([01])`), (c) => ({
      event: 'check_mmio_spte',
      spte: hex64(at(c, 1)),
      valid: c[4] === '1',
    })),
  ],
  [
    'handle_mmio_page_fault',
    pattern(re(`addr:${H} gfn ${H} access ${H}`), (c) => {
      const gfn = hexNumber(at(c, 2))
      return gfn === null ? null : { event: 'handle_mmio_page_fault', gfn }
    }),
  ],
  [
    'kvm_mmio',
    pattern(re(`mmio (read|write|unsatisfied-read) len ${D} gpa ${H} val ${H}`), (c) => ({
      event: 'kvm_mmio',
      direction: at(c, 1) as 'read' | 'write' | 'unsatisfied-read',
      length: Number(c[2]),
      gpa: hex64(at(c, 3)),
      value: hex64(at(c, 4)),
    })),
  ],
  [
    'vcpu_match_mmio',
    pattern(re(`gva ${H} gpa ${H} (Read|Write) (?:GPA|GVA)`), (c) => ({
      event: 'vcpu_match_mmio',
      gva: hex64(at(c, 1)),
      gpa: hex64(at(c, 2)),
      write: c[3] === 'Write',
    })),
  ],
  [
    'kvm_emulate_insn',
    // The bytes in between are the guest's; only the address and the verdict are wanted.
    pattern(/^[0-9a-f]{1,16}:([0-9a-f]{1,16}):[0-9a-f ]{0,64}\([\w ]+\)( failed)?\s*$/, (c) => ({
      event: 'kvm_emulate_insn',
      rip: hex64(at(c, 1)),
      failed: maybe(c, 2) !== null,
    })),
  ],
  [
    'kvm_userspace_exit',
    pattern(/^reason (\w+) \((\d{1,5})\)$/, (c) => ({
      event: 'kvm_userspace_exit',
      reason: at(c, 1),
      code: Number(c[2]),
    })),
  ],
  [
    'kvm_smm_transition',
    pattern(re(`vcpu ${D}: (entering|leaving) SMM, smbase ${H}`), (c) => ({
      event: 'kvm_smm_transition',
      vcpu: Number(c[1]),
      entering: c[2] === 'entering',
    })),
  ],
  [
    'kvm_track_tsc',
    pattern(/^vcpu_id (\d{1,10}) masterclock [01] offsetmatched \d+ nr_online (\d{1,10}) hostclock \w+$/, (c) => ({
      event: 'kvm_track_tsc',
      vcpu: Number(c[1]),
      online: Number(c[2]),
    })),
  ],
  [
    'sched_process_fork',
    pattern(/^comm=.{0,16} pid=(\d{1,10}) child_comm=.{0,16} child_pid=(\d{1,10})$/, (c) => ({
      event: 'sched_process_fork',
      pid: Number(c[1]),
      child: Number(c[2]),
    })),
  ],
  [
    'sched_process_exit',
    pattern(/^comm=.{0,16} pid=(\d{1,10}) prio=\d+(?: .*)?$/, (c) => ({
      event: 'sched_process_exit',
      pid: Number(c[1]),
    })),
  ],
  ['tracing_mark_write', (text) => ({ event: 'tracing_mark_write', text })],
]

function tablePage(build: (gfn: number, level: number, state: string | null) => TraceEvent): Decode {
  const wanted =
    /^sp gen [0-9a-f]{1,16} gfn ([0-9a-f]{1,16}) l([1-5]) [^ ]+ q\d(?: [^ ]+){1,8} root -?\d{1,10} (?:sync|unsync)(?: (new|existing))?$/
  return pattern(wanted, (c) => {
    const gfn = hexNumber(at(c, 1))
    return gfn === null ? null : build(gfn, Number(c[2]), maybe(c, 3))
  })
}
