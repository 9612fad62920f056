/**
 * Makes plain JavaScript of the kernels and of all that they measure, so that what is timed is the library as it is
 * published, and not the loader of TypeScript, which wraps every function that has a name.
 */
import { join } from 'node:path'
import { build } from 'esbuild'

/** @returns the path of the bundled child process, which lies where its packages are found. */
export async function bundleKernels(): Promise<string> {
  const outdir = join('node_modules', '.cache', 'vmtape-bench')
  await build({
    entryPoints: ['bench/child.ts'],
    outdir,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.15',
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  })
  return join(outdir, 'child.mjs')
}
