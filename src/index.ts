/**
 * The library, as a program or a test imports it: `import { … } from 'vmtape'`. Everything that is
 * reachable from here runs in a browser page as well as in Node.
 */
export { type ExitCode, UserError } from './errors.ts'
export { VERSION } from './version.ts'
