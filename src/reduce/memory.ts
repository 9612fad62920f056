/** Makes accesses to memory true. @see events/memory.ts */
import { unreachable } from '../../events/event.ts'
import type { MemoryEvent } from '../../events/memory.ts'
import type { Memory } from '../model/memory.ts'

export function reduceMemory(event: MemoryEvent, memory: Memory): void {
  switch (event.type) {
    case 'memory.read':
      if (event.tracked) memory.setReferenced(event.frame, true)
      return
    case 'memory.written':
      memory.setValue(event.frame, event.value)
      if (!event.tracked) return
      memory.setReferenced(event.frame, true)
      memory.setClean(event.frame, false)
      return
    case 'memory.touched':
      memory.setReferenced(event.frame, true)
      if (event.access === 'w') memory.setClean(event.frame, false)
      return
    default:
      unreachable(event)
  }
}
