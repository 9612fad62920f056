/**
 * What a reducer writes to. It is an immer draft, or a private plain copy of the records: recipes cannot
 * tell, and a law holds that they need not.
 */
import type { MemoryReader } from '../model/memory.ts'
import type { World } from '../model/world.ts'

type Writable<Value> = Value extends number | string | boolean | bigint | null | undefined
  ? Value
  : Value extends MemoryReader
    ? Value
    : Value extends readonly (infer Item)[]
      ? Writable<Item>[]
      : Value extends object
        ? { -readonly [Key in keyof Value]: Writable<Value[Key]> }
        : Value

export type WorldDraft = Writable<World>
export type Draft<Value> = Writable<Value>
