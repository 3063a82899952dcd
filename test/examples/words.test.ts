/** The words of a real folder: a job killed half-way, started again, that counts no part twice and every word once. */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { countWords } from '../../examples/words/count-words.ts'
import { stretches } from '../../examples/words/parts.ts'
import { root, run } from './run.ts'

const cwd = mkdtempSync(join(tmpdir(), 'piecework-words-'))
const database = join(cwd, 'words.db')
const script = join(root, 'examples/words/words.ts')
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

const words = (...args: string[]) => run(script, args, { cwd, env: { WORDS_DATABASE: database } })

/** How many parts the database says are completed; 0 while there is no such table. */
function counted(): number {
  if (!existsSync(database)) return 0
  const db = new DatabaseSync(database, { readOnly: true })
  try {
    const [row] = db.prepare("select count(*) as n from piecework_row where state = 'completed'").all()
    return Number(row?.n ?? 0)
  } catch {
    return 0
  } finally {
    db.close()
  }
}

test('a job killed half-way goes on where it was, counts no part again, and its table is exact', {
  timeout: 120_000,
}, async () => {
  const folder = join(cwd, 'files')
  const files = 1_500
  mkdirSync(folder)
  for (let n = 0; n < files; n++) writeFileSync(join(folder, `${n}.txt`), 'apples, Bananas\n'.repeat(2_000))

  const first = words(folder)
  await first.printed(`Process  ${first.child.pid}`)
  while (counted() < files / 20 && first.child.exitCode === null) await sleep(2)
  first.child.kill('SIGKILL')
  expect(await first.ended).toBe('SIGKILL')
  const before = counted()
  expect(before).toBeGreaterThan(0)
  expect(before).toBeLessThan(files)

  const second = words(folder)
  expect(await second.ended, second.output()).toBe(0)
  expect(second.output()).toContain(`${before} of ${files} parts were counted by an earlier run; going on.`)
  expect(second.output()).toContain(`${files - before} parts in this run, ${before} in earlier ones, 0 could not`)
  expect(second.output()).toMatch(/^apples +█{30} 3,000,000\nbananas +█{30} 3,000,000\n\n6,000,000 words, 2 different/m)
  expect(existsSync(database)).toBe(false)
})

describe('what the job is made of', () => {
  test('a word that is cut by the end of a stretch is counted once, wherever the cut is', async () => {
    const file = join(cwd, 'cut.txt')
    writeFileSync(file, 'Ελλάδα, “naïve” don’t x2y\n日本語 end')
    const whole = await countWords(file, 0, 1_000)
    expect(Object.fromEntries(whole)).toEqual({ ελλάδα: 1, naïve: 1, don: 1, t: 1, x: 1, y: 1, 日本語: 1, end: 1 })
    const { length } = Buffer.from('Ελλάδα, “naïve” don’t x2y\n日本語 end')
    for (let cut = 1; cut < length; cut++) {
      const sum = new Map(await countWords(file, 0, cut))
      for (const [word, times] of await countWords(file, cut, length)) sum.set(word, (sum.get(word) ?? 0) + times)
      expect(sum, `cut at ${cut}`).toEqual(whole)
    }
  })

  test('a folder is read in the order of its names; big files are several parts, empty ones and hidden ones none', async () => {
    const folder = join(cwd, 'order')
    mkdirSync(join(folder, 'b'), { recursive: true })
    mkdirSync(join(folder, 'node_modules'))
    for (const file of ['c.txt', 'b/z.txt', 'a.txt', '.hidden', 'node_modules/x.txt']) {
      writeFileSync(join(folder, file), 'x')
    }
    writeFileSync(join(folder, 'empty.txt'), '')
    appendFileSync(join(folder, 'a.txt'), 'y '.repeat(512 * 1024))
    const found = []
    for await (const stretch of stretches(folder)) found.push(stretch)
    expect(found).toEqual([
      { file: 'a.txt', from: 0, to: 1_048_576 },
      { file: 'a.txt', from: 1_048_576, to: 1_048_577 },
      { file: 'b/z.txt', from: 0, to: 1 },
      { file: 'c.txt', from: 0, to: 1 },
    ])
  })
})

test('without a folder it counts the documentation, and a folder that there is not is told', async () => {
  const docs = words()
  expect(await docs.ended, docs.output()).toBe(0)
  expect(docs.output()).toContain('No folder was given')
  expect(docs.output()).toMatch(/^piecework +█/m)

  const nowhere = words(join(cwd, 'nowhere'))
  expect(await nowhere.ended).toBe(1)
  expect(nowhere.output()).toMatch(/^There is no folder .*nowhere\.\nUsage: npm run demo:words -- <folder>\n$/)
})
