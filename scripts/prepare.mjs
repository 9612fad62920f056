/**
 * What npm runs after an install in a clone: builds dist/ and links the project's own command, so
 * that `npx vmtape` works in the clone as it does where vmtape is installed.
 *
 * Plain JavaScript, because it must be able to say that the tools for TypeScript are not there.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const bin = join('node_modules', '.bin')

// `npm ci --omit=dev` in a checkout that came with dist/ has nothing to build with and nothing to build.
if (!existsSync(join('node_modules', 'tsx'))) {
  console.error('vmtape: built nothing, because the development dependencies are not installed.')
  process.exit(0)
}

const build = spawnSync(process.execPath, ['--import=tsx', join('scripts', 'build.ts')], { stdio: 'inherit' })
if (build.status !== 0) process.exit(build.status ?? 1)

// npm links the commands of dependencies only, never a project's own.
if (process.platform !== 'win32') {
  mkdirSync(bin, { recursive: true })
  const link = join(bin, 'vmtape')
  rmSync(link, { force: true })
  symlinkSync(join('..', '..', 'dist', 'cli', 'main.js'), link)
}
