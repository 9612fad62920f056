/** How a host is booted: all that a run depends on besides its decisions. */

/** Nested paging of the CPU. `unknown` is a CPU with neither, on which CREATE fails. */
export type NestedMode = 'ept' | 'rvi' | 'unknown'

export type Boot = {
  readonly mode: NestedMode
  /** vmm_softc->vcpu_max; VMM_MAX_VCPUS unless a test wants fewer. */
  readonly vcpuMax: number
  /** A CPU that needs a second, user-mode page directory per process pmap. */
  readonly meltdown: boolean
  /** Host-physical pages in all. */
  readonly frames: number
}

/** 64 GiB of host memory, EPT, no Meltdown workaround. */
export const DEFAULT_BOOT: Boot = { mode: 'ept', vcpuMax: 512, meltdown: false, frames: 2 ** 26 }
