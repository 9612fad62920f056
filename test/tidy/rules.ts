/**
 * House rules that look at one file at a time: clocks, dice, sizes, docstrings, words.
 */
import { isCore } from './directions.ts'
import type { Source } from './source.ts'

export type Rule = {
  readonly name: string
  readonly applies: (path: string) => boolean
  /** What is wrong, each with its line; an empty answer is a clean file. */
  readonly findings: (source: Source) => readonly string[]
}

/** More lines than this want a second look. */
const LINES_MAX = 400

/**
 * Files that had their second look and stay long, each with the reason. An entry whose file is
 * short again, or gone, fails.
 */
export const LONG_FILES: Readonly<Record<string, string>> = {}

const isCode = (path: string): boolean => /^(events|machines|src|test|bench|examples|scripts)\/.*\.(ts|mjs)$/.test(path)
const isLibrary = (path: string): boolean => /^(events|machines|src)\//.test(path)
const isTest = (path: string): boolean => /^test\/.*\.ts$/.test(path)

/** The lines of `text` where `pattern` stands, as `path:line: reason`. */
function find(source: Source, text: string, pattern: RegExp, reason: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const found = pattern.exec(line)
    return found === null ? [] : [`${source.path}:${index + 1}: '${found[0].trim()}': ${reason}`]
  })
}

export const RULES: readonly Rule[] = [
  {
    name: 'reads no clock and starts no timer',
    applies: isCore,
    findings: (source) =>
      find(
        source,
        source.code,
        /\bDate\b|\bperformance\s*\.|\b(setTimeout|setInterval|setImmediate)\b|\bhrtime\b/,
        'a run is a function of its decisions; time comes in as data.',
      ),
  },
  {
    name: 'throws no dice',
    applies: isCore,
    findings: (source) =>
      find(source, source.code, /\bMath\s*\.\s*random\b|\b(randomUUID|getRandomValues)\b/, 'a run is repeatable.'),
  },
  {
    name: 'uses no global of Node',
    applies: isCore,
    findings: (source) =>
      find(
        source,
        source.code,
        /\bprocess\.(env|argv|stdout|stderr|exit|cwd|nextTick|memoryUsage|platform)\b|\bBuffer\.|\b(__dirname|__filename|require)\b\s*[(.]?/,
        'the core runs in a page.',
      ),
  },
  {
    name: 'asks for bit operators in its head comment or not at all',
    applies: isCode,
    findings: (source) => bitOperatorPleas(source),
  },
  {
    name: `has at most ${LINES_MAX} lines, or a reason`,
    applies: isCode,
    findings: (source) => {
      const lines = source.text.split('\n').length - 1
      if (lines <= LINES_MAX || source.path in LONG_FILES) return []
      return [`${source.path} has ${lines} lines; split it, or give the reason in LONG_FILES.`]
    },
  },
  {
    name: 'opens with a comment that says what it is',
    applies: isCode,
    findings: (source) =>
      /^(?:#![^\n]*\n)?(?:\/\/[^\n]*\n|\s)*\/[*/]/.test(source.text) ? [] : [`${source.path} opens without a comment.`],
  },
  {
    name: 'says what each export beyond the first promises',
    applies: isLibrary,
    findings: (source) => undocumented(source),
  },
  {
    name: 'leaves no test out and none alone',
    applies: isTest,
    findings: (source) =>
      find(source, source.code, /\b(it|describe|context)\.(only|skip)\b|\bx(it|describe)\(/, 'all run.'),
  },
  {
    name: 'leaves no mark of unfinished work',
    applies: isCode,
    findings: (source) => find(source, source.text, /\b(TO-?DO|FIX-?ME|HA-?CK)\b(?!-)/, 'finish it, or leave it out.'),
  },
  {
    name: 'names no place or tool of one workplace',
    applies: () => true,
    findings: (source) =>
      find(
        source,
        source.text,
        /(?:^|[\s"'`(=:])\/(?:home|root|Users|work|farm|tmp)\/|\bsub-?agents?\b|(?:^|[^\w])\.librar(?:y)\b|\b(?:issue|ticket|PR) #\d+/,
        'the text must be true for every reader.',
      ),
  },
]

const PLEA = /biome-ignore(-all|-start)? lint\/suspicious\/noBitwiseOperators\b([^\n]*)/

/**
 * Lint bans bit operators; a file of packed words asks for them once, before its first line of
 * code and with a reason, so that nobody finds them where addresses are numbers.
 */
function bitOperatorPleas(source: Source): string[] {
  const firstCode = source.bare.search(/\S/)
  return source.text.split('\n').flatMap((line, index, lines) => {
    const plea = PLEA.exec(line)
    // Only a comment can ask; a rule or a test that names the rule does not.
    const start = lines.slice(0, index).join('\n').length
    if (plea === null || source.bare.slice(start, start + line.length + 1).trim() !== '') return []
    const where = `${source.path}:${index + 1}`
    if (plea[1] !== '-all' || start > firstCode) return [`${where}: ask with biome-ignore-all, in the head comment.`]
    return /:\s*\S/.test(plea[2] ?? '') ? [] : [`${where}: say what words are packed here.`]
  })
}

/**
 * Exported functions and classes with no comment right above. The first of a file needs none: it is
 * the file's subject, and the head comment speaks of it. Types and constants say what they are in
 * their fields, in their names, or in a comment for a group of them.
 */
function undocumented(source: Source): string[] {
  const lines = source.text.split('\n')
  const promises = lines.flatMap((line, index) => {
    const name = /^export (?:declare |abstract |async )*(?:function\*?|class) (\w+)/.exec(line)?.[1]
    return name === undefined ? [] : [{ name, index }]
  })
  return promises
    .filter(({ name }, place) => place > 0 && promises[place - 1]?.name !== name)
    .filter(({ index }) => !/\*\/\s*$|^\s*\/\//.test(lines[index - 1] ?? ''))
    .map(({ name, index }) => `${source.path}:${index + 1}: ${name} has no docstring.`)
}
