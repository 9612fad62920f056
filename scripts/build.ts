/**
 * Builds dist/: the library by the compiler, module by module, and the command line by the bundler.
 *
 * The command line is bundled because it is started often: one small file holds what `--version`
 * and `--help` need, and each verb is a chunk that is read when it is asked for.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
const tsc = join('node_modules', 'typescript', 'bin', 'tsc')
const compiled = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
// The compiler has said what is wrong; a stack of this script would only hide it.
if (compiled.status !== 0) process.exit(1)

const { metafile } = await build({
  entryPoints: ['src/cli/main.ts'],
  outdir: 'dist/cli',
  bundle: true,
  splitting: true,
  minify: true,
  // Names of classes are shown in messages.
  keepNames: true,
  metafile: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.15',
  chunkNames: 'chunks/[name]-[hash]',
  // commander and cli-progress are CommonJS and require() the modules of Node.
  banner: { js: "import{createRequire as $require}from'node:module';const require=$require(import.meta.url);" },
  logLevel: 'warning',
})
chmodSync('dist/cli/main.js', 0o755)
writeFileSync('dist/cli/THIRD-PARTY-LICENSES.txt', licences(Object.keys(metafile.inputs)))

/** The licences of the packages whose code stands in the bundle: they ask to travel with it. */
function licences(inputs: readonly string[]): string {
  const roots = inputs.map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0])
  const texts = [...new Set(roots)].sort().flatMap((root) => {
    if (root === undefined) return []
    const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const file = readdirSync(root).find((entry) => /^licen[cs]e/i.test(entry))
    return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(join(root, file), 'utf8')}`
  })
  return texts.join(`\n${'-'.repeat(80)}\n`)
}
