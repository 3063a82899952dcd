/** Holds every file to the table in rules.ts, and holds the checkers to samples of what they must find. */
import { describe, expect, test } from 'vitest'
import { checkImports } from './check-imports.ts'
import { checkSources } from './check-sources.ts'
import { codeFiles } from './files.ts'
import { rooms } from './rules.ts'

describe('the repository', () => {
  const files = codeFiles(['src', 'adapters', 'examples', 'bench'])

  test('every import is one that its room may have', () => {
    expect(files.length).toBeGreaterThan(0)
    expect(files.flatMap(checkImports)).toEqual([])
  })

  test('time, timers and chance are read where the table says and nowhere else', () => {
    const library = files.filter(({ path }) => /^(?:src|adapters)\//.test(path))
    expect(library.flatMap(checkSources)).toEqual([])
  })
})

/** What is wrong with one line in a file at `path`, without the place where it is. */
function imports(path: string, text: string): string | undefined {
  const [first, ...more] = checkImports({ path, text })
  expect(more).toEqual([])
  return first
}

describe('the import checker', () => {
  test.each([
    ['src/core/task.ts', `import { x } from './id.ts'`],
    ['src/storage/codec.ts', `import type { Task } from '../core/task.ts'`],
    ['src/runner/run.ts', `import { EventEmitter } from 'node:events'`],
    ['src/runner/run.ts', `import type TypedEmitter from 'typed-emitter'`],
    ['src/runner/randomness.ts', `import { randomBytes } from 'node:crypto'`],
    ['src/conformance/model-job.ts', `import fc from 'fast-check'`],
    ['src/conformance/race.ts', `import assert from 'node:assert/strict'`],
    ['src/http/serve.ts', `import { piecework } from '../index.ts'`],
    ['src/runner/threads/thread.ts', `await import(file)`],
    ['src/runner/threads/threads.ts', `await import('piscina')`],
    ['src/cli/storages.ts', `const { sqlite } = await import('../../adapters/sqlite/index.ts')`],
    ['src/cli/commands/serve.ts', `const { serveHttp } = await import('../../http/index.ts')`],
    ['src/index.ts', `export { task } from './runner/task.ts'\nexport type * from './core/task.ts'`],
    ['adapters/sqlite/index.ts', `import type { Row } from '../../src/storage/index.ts'`],
    ['adapters/sqlite/open.ts', `const { DatabaseSync } = await import('node:sqlite')`],
    ['adapters/postgres/index.ts', `type Pool = import('pg').Pool`],
    ['examples/hello.ts', `import { memory } from 'piecework/memory'`],
    ['bench/peers/boss.ts', `import PgBoss from 'pg-boss'\nimport '../report.ts'`],
  ])('lets %s have %s', (path, text) => {
    expect(imports(path, text)).toBeUndefined()
  })

  test.each([
    ['src/core/task.ts', `import { now } from '../runner/clock.ts'`, 'may import only src/core/'],
    ['src/core/task.ts', `import type { Row } from '../storage/index.ts'`, 'may import only src/core/'],
    ['src/core/task.ts', `import assert from 'node:assert'`, 'may import nothing of Node'],
    ['src/core/task.ts', `import ms from 'ms'`, 'may import no package'],
    ['src/core/task.ts', `export * from 'ms'`, 'may import no package'],
    ['src/core/task.ts', `const ms = await import('ms')`, 'may import no package'],
    ['src/core/task.ts', `type M = import('ms').StringValue`, 'may import no package'],
    ['src/core/task.ts', `const fs = process.getBuiltinModule('fs')`, 'is written with `node:`'],
    ['src/storage/codec.ts', `import { run } from '../runner/run.ts'`, 'may import only src/core/, src/storage/'],
    ['src/runner/run.ts', `import fs from 'node:fs'`, 'of Node only node:events'],
    ['src/runner/run.ts', `import { randomBytes } from 'node:crypto'`, 'of Node only node:events'],
    ['src/runner/run.ts', `import E from 'typed-emitter'`, 'only `import type` may name it'],
    ['src/runner/run.ts', `import { type E } from 'typed-emitter'`, 'only `import type` may name it'],
    ['src/runner/run.ts', `import { memory } from '../../adapters/memory/index.ts'`, 'may import only src/core/'],
    ['src/runner/run.ts', `await import(name)`, 'must be written out'],
    ['src/runner/threads/threads.ts', `import { Piscina } from 'piscina'`, 'or a lazy import()'],
    ['src/runner/threads/threads.ts', `await import(file)`, 'must be written out'],
    ['src/conformance/race.ts', `import fc from 'fast-check'`, 'may import no package'],
    ['src/conformance/race.ts', `import { decode } from '../core/task.ts'`, 'may import only src/storage/'],
    ['src/http/serve.ts', `import { work } from '../runner/work.ts'`, 'may import only src/index.ts, src/http/'],
    ['src/cli/storages.ts', `import { sqlite } from '../../adapters/sqlite/index.ts'`, 'or a lazy import()'],
    ['src/cli/commands/serve.ts', `import { serveHttp } from '../../http/index.ts'`, 'or a lazy import()'],
    ['src/cli/main.ts', `import { work } from '../runner/work.ts'`, 'may import only src/index.ts, src/cli/'],
    ['src/cli/main.ts', `await import(name)`, 'must be written out'],
    ['src/index.ts', `export { memory } from '../adapters/memory/index.ts'`, 'may import only src/core/'],
    ['src/index.ts', `export const version = '1'`, 'is more than a re-export'],
    ['adapters/sqlite/index.ts', `import { isOwnWrite } from '../../src/storage/own-write.ts'`, 'storage/index.ts'],
    ['adapters/sqlite/index.ts', `import { heap } from '../memory/heap.ts'`, 'src/storage/index.ts, adapters/sqlite/'],
    ['adapters/sqlite/index.ts', `import { DatabaseSync } from 'node:sqlite'`, 'or a lazy import()'],
    ['adapters/postgres/index.ts', `import { Pool } from 'pg'`, 'or a lazy import()'],
    ['adapters/postgres/index.ts', `import { MongoClient } from 'mongodb'`, 'no package but pg'],
    ['examples/hello.ts', `import { task } from '../src/index.ts'`, 'may import only examples/'],
    ['examples/hello.ts', `import '/tmp/x.ts'`, 'absolute place'],
    ['adapters/redis/index.ts', `export {}`, 'is in no room'],
  ])('does not let %s have %s', (path, text, rule) => {
    expect(imports(path, text)).toContain(rule)
  })

  test('says the file and the line', () => {
    const text = `// import '../runner/x.ts'\nconst a = "import '../runner/x.ts'"\nimport {\n  b,\n} from '../runner/x.ts'`
    expect(imports('src/core/task.ts', text)).toMatch(/^src\/core\/task\.ts:3 imports \.\.\/runner\/x\.ts: /)
  })

  test('meets every room of the table', () => {
    expect(new Set(rooms.map(({ files }) => files)).size).toBe(rooms.length)
  })
})

describe('the checker of time and chance', () => {
  const check = (text: string, path = 'src/core/task.ts') => checkSources({ path, text })

  test.each([
    'const at = Date.now()',
    'const read = Date.now',
    'const at = new Date()',
    'const at = new Date',
    'const at = Date()',
    'const at = performance.now()',
    'const at = globalThis.performance.now()',
    'process.hrtime.bigint()',
    'setTimeout(run, 5)',
    'const timers = { setTimeout }',
    'globalThis.setInterval(run, 5)',
    `import { setTimeout as sleep } from 'node:timers/promises'`,
    `const { setImmediate } = await import('node:timers')`,
    'const signal = AbortSignal.timeout(5)',
    'const x = Math.random()',
    'const id = crypto.randomUUID()',
    `import { randomBytes } from 'node:crypto'`,
  ])('finds %s', (text) => {
    expect(check(text)).not.toEqual([])
    expect(check(text)[0]).toMatch(
      /^src\/core\/task\.ts:1 uses .+ may come from src\/runner\/(clock|randomness)\.ts(, [\w./-]+\.ts)* alone$/,
    )
  })

  test.each([
    '// Date.now() and setTimeout',
    `const text = 'Math.random()'`,
    'const at = new Date(row.doneAt).toISOString()',
    'clock.now(); clock.performance; mine.setTimeout(1)',
    'interface Clock { setTimeout(run: () => void): void }',
    'const timer: ReturnType<typeof setTimeout> | undefined = undefined',
    'Math.floor(1.5); Date.UTC(2026, 1)',
  ])('lets %s pass', (text) => {
    expect(check(text)).toEqual([])
  })

  test('lets the home of each pass', () => {
    expect(check('Date.now(); setTimeout(run, 1)', 'src/runner/clock.ts')).toEqual([])
    expect(check('Date.now(); Math.random()', 'src/runner/randomness.ts')).toHaveLength(1)
  })
})
