/**
 * Source files as the tidy rules read them: where they are, what they import, and their code
 * without the words in comments and strings, which would otherwise be taken for code.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'

export type Import = {
  /** As written: `xstate`, `node:fs`, `../model/world.ts`. */
  readonly specifier: string
  /** From the root of the repository when it is one of our files, else the specifier. */
  readonly target: string
  /** False for `import type` and `export type`, which leave nothing behind in the built file. */
  readonly runs: boolean
}

export type Source = {
  /** From the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
  /** The text with comments blanked; positions and lines are those of the text. */
  readonly bare: string
  /** The text with comments, strings, template text and regular expressions blanked. */
  readonly code: string
  readonly imports: readonly Import[]
}

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', '.git', 'coverage'])

/** Every file below `folder`, in order; none when there is no such folder. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name)
      if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : filesBelow(path)
      return entry.isFile() ? [path] : []
    })
}

export function sourceAt(path: string): Source {
  return sourceOf(path, readFileSync(path, 'utf8'))
}

export function sourceOf(path: string, text: string): Source {
  const { bare, code } = blank(text)
  return { path, text, bare, code, imports: importsOf(path, bare) }
}

function importsOf(path: string, bare: string): Import[] {
  const found = [
    // import … from 'x' and export … from 'x'
    ...bare.matchAll(/^[ \t]*(?:import|export)\s+(type\s)?[^'"`;=()]*?\bfrom\s*['"]([^'"]+)['"]/gm),
    // import 'x'
    ...bare.matchAll(/^[ \t]*import\s+()['"]([^'"]+)['"]/gm),
    // import('x'), as an expression and as a type
    ...bare.matchAll(/\bimport\s*\(()\s*['"]([^'"]+)['"]/g),
  ]
  return found.map(([, type, specifier = '']) => ({
    specifier,
    target: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier,
    runs: !type,
  }))
}

/** A `/` after one of these begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[([{,;:=!&|?+\-*%<>~^]|\b(?:return|typeof|case|in|of|yield|await|do|else))\s*$/

/**
 * Blanks what is no code. A scanner of a few lines and not a parser: the compiler of TypeScript 7
 * has no interface for programs yet, and tidy rules ask no more than where code ends and words begin.
 */
function blank(text: string): { bare: string; code: string } {
  let bare = ''
  let code = ''
  /** For each open `${`: the braces that are open within it. */
  const templates: number[] = []
  let at = 0

  const take = (length: number, kind: 'code' | 'comment' | 'words'): void => {
    const piece = text.slice(at, at + length)
    const hole = piece.replace(/[^\n]/g, ' ')
    bare += kind === 'comment' ? hole : piece
    code += kind === 'code' ? piece : hole
    at += length
  }
  const lengthOf = (pattern: RegExp): number => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0].length ?? 0
  }
  /** Template text from `at` to its end or to the next `${`. */
  const takeTemplateText = (): void => {
    take(lengthOf(/(?:\\[\s\S]|\$(?!\{)|[^\\`$])*/y), 'words')
    if (text.startsWith('${', at)) {
      templates.push(0)
      take(2, 'code')
    } else if (at < text.length) take(1, 'code')
  }

  while (at < text.length) {
    const char = text.charAt(at)
    const open = templates.at(-1)
    if (text.startsWith('//', at)) take(lengthOf(/[^\n]*/y), 'comment')
    else if (text.startsWith('/*', at)) take(lengthOf(/\/\*[\s\S]*?(?:\*\/|$)/y), 'comment')
    else if (char === "'" || char === '"')
      take(lengthOf(char === "'" ? /'(?:\\[\s\S]|[^\\'\n])*'?/y : /"(?:\\[\s\S]|[^\\"\n])*"?/y), 'words')
    else if (char === '`') {
      take(1, 'code')
      takeTemplateText()
    } else if (char === '/' && BEFORE_REGEX.test(code.slice(-40)))
      take(lengthOf(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^\\/[\n])*\/?\w*/y), 'words')
    else if (open !== undefined && char === '}' && open === 0) {
      templates.pop()
      take(1, 'code')
      takeTemplateText()
    } else {
      if (open !== undefined && char === '{') templates[templates.length - 1] = open + 1
      if (open !== undefined && char === '}') templates[templates.length - 1] = open - 1
      take(1, 'code')
    }
  }
  return { bare, code }
}
