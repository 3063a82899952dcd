/** The words of a real folder: a job killed half-way, started again, that counts no part twice and every word once. */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { countWords } from '../../examples/words/count-words.ts'
import { stretches } from '../../examples/words/parts.ts'
import { type Run, root, run } from './run.ts'

const cwd = mkdtempSync(join(tmpdir(), 'piecework-words-'))
const database = join(cwd, 'words.db')
const script = join(root, 'examples/words/words.ts')
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

const words = (...args: string[]) => run(script, args, { cwd, env: { WORDS_DATABASE: database } })

/** What the database says is completed; nothing while there is no such table. */
function completed(): { parts: number; scored: number } {
  if (!existsSync(database)) return { parts: 0, scored: 0 }
  const db = new DatabaseSync(database, { readOnly: true })
  try {
    const count = db.prepare("select count(*) as n from piecework_row where state = 'completed' and parent like ?")
    const [parts, scored] = ['words-%', 'words-%-scores'].map((parent) => Number(count.get(parent)?.n))
    return { parts: (parts ?? 0) - (scored ?? 0), scored: scored ?? 0 }
  } catch {
    return { parts: 0, scored: 0 }
  } finally {
    db.close()
  }
}

/** A word of its own for each file: the longest in it that fits on a board. */
const ownWord = (n: number) =>
  `q${[...String(n).padStart(4, '0')].map((digit) => 'abcdefghij'[Number(digit)]).join('')}xyzxyz`

test('a job and its dispatch, each killed half-way, go on where they were, and do nothing again that was done', {
  timeout: 180_000,
}, async () => {
  const folder = join(cwd, 'files')
  const files = 800
  mkdirSync(folder)
  for (let n = 0; n < files; n++) {
    writeFileSync(join(folder, `${n}.txt`), `${'apples, Bananas\n'.repeat(2_000)}${ownWord(n)}`)
  }
  const kill = async (one: Run, isHalfWay: () => boolean) => {
    await one.printed(`Process  ${one.child.pid}`)
    while (!isHalfWay() && one.child.exitCode === null) await sleep(2)
    one.child.kill('SIGKILL')
    expect(await one.ended, one.output()).toBe('SIGKILL')
    return completed()
  }

  const first = await kill(words(folder), () => completed().parts > files / 20)
  expect(first).toMatchObject({ parts: expect.toSatisfy((parts) => parts < files), scored: 0 })

  const goesOn = words(folder)
  const second = await kill(goesOn, () => completed().scored > files / 20)
  expect(second).toMatchObject({ parts: files, scored: expect.toSatisfy((scored) => scored < files) })
  expect(goesOn.output()).toContain(`${first.parts} of ${files} parts were counted by an earlier run; going on.`)
  expect(goesOn.output()).toContain(`${files - first.parts} parts in this run, ${first.parts} in earlier ones, 0 could`)

  const last = words(folder)
  expect(await last.ended, last.output()).toBe(0)
  expect(last.output()).toContain(`0 parts in this run, ${files} in earlier ones, 0 could`)
  expect(last.output()).toMatch(/^apples +█{30} 1,600,000\nbananas +█{30} 1,600,000\nqaaaaxyzxyz +█ +1\n/m)
  expect(last.output()).toContain('3,200,800 words, 802 different')
  expect(last.output()).toContain(
    `${files} longest words, and ${files - second.scored} different ones scored in this run`,
  )
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
