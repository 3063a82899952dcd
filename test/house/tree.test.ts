/** Holds the tree to the house's habits: short files, told names, a purpose at the top, whole types, no traces of a machine. */
import { describe, expect, test } from 'vitest'
import { checkTraces } from './check-traces.ts'
import { checkFile, checkTypes, lineCount, linesMany, linesMax } from './check-tree.ts'
import { allFiles, codeFiles } from './files.ts'

describe('the repository', () => {
  const library = codeFiles(['src', 'adapters'])

  test('every source file is short, is named for what it holds and opens with what it is for', () => {
    const long = library.filter(({ text }) => lineCount(text) > linesMany)
    if (long.length > 0) {
      console.log(`over ${linesMany} lines:`, ...long.map(({ path, text }) => `\n  ${lineCount(text)} ${path}`))
    }
    expect(library.flatMap(checkFile)).toEqual([])
  })

  test('no type is any and no line is hidden from the compiler', () => {
    expect([...library, ...codeFiles(['test', 'examples', 'bench'])].flatMap(checkTypes)).toEqual([])
  })

  test('no file names a registry or a folder of one machine, and no lock file an address', () => {
    expect(allFiles().flatMap(checkTraces)).toEqual([])
  })
})

const sample = (text: string, path = 'src/core/task.ts') => ({ path, text })

describe('the checker of files', () => {
  test('counts lines as an editor does', () => {
    const lines = (count: number) => `// A file.\n${'run()\n'.repeat(count - 1)}`
    expect(checkFile(sample(lines(linesMax)))).toEqual([])
    expect(checkFile(sample(lines(linesMax + 1)))).toEqual(['src/core/task.ts has 251 lines, more than 250'])
  })

  test.each(['src/core/utils.ts', 'src/helpers/x.ts', 'src/core/task-helper.ts', 'adapters/sql/util.ts'])(
    'refuses the name %s',
    (path) => expect(checkFile(sample('// A file.\n', path))).toEqual([`${path} is not named for what it holds`]),
  )

  test('takes a comment at the top or on the first statement after the imports', () => {
    expect(checkFile(sample(`/** For this. */\nimport './a.ts'\nexport const a = 1`))).toEqual([])
    expect(checkFile(sample(`import './a.ts'\n/** For this. */\nexport const a = 1`))).toEqual([])
    expect(checkFile(sample(`#!/usr/bin/env node\n// For this.\nrun()`))).toEqual([])
    const silent = ['src/core/task.ts:1 does not open with what it is for']
    expect(checkFile(sample(`import './a.ts'\nexport const a = 1 // late`))).toEqual(silent)
    expect(checkFile(sample(`const a = 1\n/** Second. */\nconst b = 2`))).toEqual(silent)
  })

  test('finds any and comments that switch the compiler off', () => {
    expect(checkTypes(sample(`const a: any = 1`))).toEqual(['src/core/task.ts:1 says any'])
    expect(checkTypes(sample(`const a = b as Map<string, any[]>`))).toHaveLength(1)
    expect(checkTypes(sample(`// fine\n// @ts-${'ignore'}\nrun()`))).toEqual([
      'src/core/task.ts:2 switches the compiler off',
    ])
    expect(checkTypes(sample(`/* @ts-${'nocheck'} */`))).toHaveLength(1)
    expect(checkTypes(sample(`// any comment\nconst any = 'any'\n// @ts-expect-error so\nrun(any)`))).toEqual([])
  })
})

describe('the checker of traces', () => {
  const slash = '/'

  test.each([
    [`cd ${slash}work/main`, 'holds a path of one machine'],
    [`file://${slash}home/me/x`, 'holds a path of one machine'],
    [`"${slash}root/.npmrc"`, 'holds a path of one machine'],
    [`https://registry.${'npmjs'}.org/p-queue`, 'names the registry'],
  ])('finds %s', (text, what) => {
    expect(checkTraces(sample(text, 'docs/x.md'))).toEqual([expect.stringContaining(`docs/x.md:1 ${what}`)])
  })

  test('finds addresses in a lock file', () => {
    const text = '{\n  "resolved": "https://example.com/a.tgz"\n}'
    expect(checkTraces(sample(text, 'bench/package-lock.json'))).toEqual([
      'bench/package-lock.json:2 holds a download address',
    ])
    expect(checkTraces(sample(text, 'docs/x.json'))).toEqual([])
  })

  test.each(['work.add(task)', './work/x', 'https://example.com/home/x', 'at/work or at home', 'a /work route'])(
    'lets %s pass',
    (text) => expect(checkTraces(sample(text, 'docs/x.md'))).toEqual([]),
  )
})
