/** The designs by name. */
import { UserError } from '../errors.ts'
import { aobj, aobjDying } from './aobj.ts'
import type { Design } from './design.ts'
import { vmspace } from './vmspace.ts'

export const DESIGNS: readonly Design[] = [aobj, aobjDying, vmspace]
/** Those that recordings of the real kernel exist of. */
export const RECORDED: readonly Design[] = DESIGNS.filter(({ recorded }) => recorded !== null)
export const DEFAULT_DESIGN = aobjDying

/** @throws UserError naming the designs that there are. */
export function designNamed(name: string): Design {
  const design = DESIGNS.find((one) => one.name === name)
  if (design !== undefined) return design
  throw new UserError(`there is no design '${name}'; there are ${DESIGNS.map((one) => one.name).join(', ')}`)
}
