/**
 * Writes the public declarations into snapshots/api, so that a change of the interface is seen in
 * review: every .d.ts that a user's compiler reads, starting from the `exports` of package.json.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'

const SNAPSHOT = join('snapshots', 'api')
const BUILT = 'dist/lib/'

type Manifest = { readonly exports: Readonly<Record<string, string | { readonly types: string }>> }

const built = mkdtempSync(join(tmpdir(), 'vmtape-api-'))
try {
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc')
  const options = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', built]
  execFileSync(process.execPath, [tsc, ...options], { stdio: 'inherit' })
  rmSync(SNAPSHOT, { recursive: true, force: true })
  for (const file of reachable(entries())) {
    const copy = join(SNAPSHOT, file)
    mkdirSync(dirname(copy), { recursive: true })
    writeFileSync(copy, readFileSync(join(built, file)))
  }
} finally {
  rmSync(built, { recursive: true })
}

/** The declaration files that package.json names, as paths in the build. */
function entries(): string[] {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
  return Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [normalize(entry.types).replace(BUILT, '')],
  )
}

/** `files` and all they import from one another. */
function reachable(files: readonly string[]): string[] {
  const seen = new Set<string>()
  const open = [...files]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    for (const [, target] of readFileSync(join(built, file), 'utf8').matchAll(/\b(?:from|import\()\s*['"](\.[^'"]+)/g))
      open.push(declarationOf(join(dirname(file), target ?? '')))
  }
  return [...seen].sort()
}

/** A declaration imports `./vm.ts` or `./vm.js`; what stands in the build is `vm.d.ts`. */
function declarationOf(path: string): string {
  const declaration = path.replace(/\.[jt]s$/, '.d.ts')
  if (!existsSync(join(built, declaration)))
    throw new Error(`${declaration} is imported, and the build has no such file.`)
  return declaration
}
