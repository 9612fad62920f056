/** All invariants, and what each kind of claim is about. */
import { contentsRules } from './contents.ts'
import { cpuClaims, cpuRules } from './cpu.ts'
import { deviceClaims, deviceRules, suspendedDeviceRests } from './device.ts'
import { errnoTellsTheTruth } from './errno.ts'
import { guestRules } from './guest.ts'
import type { AnyRule, Claim, Invariant, SubjectKind } from './invariant.ts'
import { lockClaims } from './locks.ts'
import { nestedClaims, nestedPageIsPinnedWhenEntered } from './nested.ts'
import { pageClaims } from './pages.ts'
import { referenceClaims, referenceRules } from './references.ts'
import { sevClaims, sevRules } from './sev.ts'
import { spaceClaims, spaceRules } from './space.ts'
import { emptiedTableIsFreed, tableClaims, tableRules } from './tables.ts'
import { vcpuRules } from './vcpu.ts'
import { wiringRules } from './wirings.ts'

export const CLAIMS: readonly Claim[] = [
  ...nestedClaims,
  ...pageClaims,
  ...tableClaims,
  ...referenceClaims,
  ...cpuClaims,
  ...deviceClaims,
  ...lockClaims,
  ...spaceClaims,
  ...sevClaims,
]

export const RULES: readonly AnyRule[] = [
  nestedPageIsPinnedWhenEntered,
  ...tableRules,
  ...referenceRules,
  ...vcpuRules,
  ...guestRules,
  ...cpuRules,
  ...deviceRules,
  ...spaceRules,
  errnoTellsTheTruth,
  ...contentsRules,
  ...sevRules,
  ...wiringRules,
  emptiedTableIsFreed,
  suspendedDeviceRests,
]

/** In order of their numbers. */
export const INVARIANTS: readonly Invariant[] = [...CLAIMS, ...RULES].sort((a, b) =>
  a.id === b.id ? (a.name < b.name ? -1 : 1) : a.id.localeCompare(b.id, 'en', { numeric: true }),
)

/** The claims about a kind of subject that are judged at a time. */
export function claimsAbout(about: SubjectKind, when: Claim['when']): readonly Claim[] {
  return CLAIMS.filter((claim) => claim.about === about && claim.when === when)
}
