/**
 * A request that vmm(4) does not know.
 *
 * Source: vmmioctl() and vmmioctl_machdep().
 */

import { gate } from './fragments.ts'
import { callSetup, NO_CALL } from './setup.ts'

export const unknownMachine = callSetup.createMachine({
  id: 'unknown_ioctl',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...gate('refusing'),
    refusing: {
      meta: { calls: 'refuse_unknown', source: 'vmmioctl_machdep(): the default case' },
      on: { refused: { target: 'leaving' } },
    },
  },
})
