/** `kill -9` at every point of a task's way, 25 times each: nothing lost, no second outcome, attempts exact. */
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { piecework } from '../../src/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { type Point, points, tasksPerRound, writingTask } from './points.ts'

const kills = 25
const victim = fileURLToPath(new URL('./victim.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'piecework-kill-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The storage an hour later: every lease has ended. Other clocks stay as they are. */
function anHourLater(storage: Storage): Storage {
  return Object.assign(Object.create(storage) as Storage, {
    async now() {
      const { now = 0, error = 0 } = (await storage.now?.()) ?? {}
      return { now: now + 3_600_000, error }
    },
  })
}

/** Runs a victim to its death, and answers the ids that it acknowledged. */
function kill(database: string, log: string, point: Point, round: number): string[] {
  const { stdout, stderr, signal } = spawnSync(process.execPath, [victim, database, log, point, String(round)], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect(signal, stderr).toBe('SIGKILL')
  return JSON.parse(stdout) as string[]
}

function startsOf(log: string): Map<string, number[]> {
  const starts = new Map<string, number[]>()
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  for (const line of lines) {
    const [id = '', fence] = line.split(' ')
    starts.set(id, [...(starts.get(id) ?? []), Number(fence)])
  }
  return starts
}

describe('kill -9', () => {
  for (const [point, { id, when, attempts, starts }] of Object.entries(points)) {
    test(`${id} ${when}, ${kills} times: nothing is lost, nothing ends twice, attempts are exact`, {
      timeout: 120_000,
    }, async () => {
      const database = join(folder, `${point}.db`)
      const log = join(folder, `${point}.log`)
      for (let round = 0; round < kills; round++) {
        const acknowledged = kill(database, log, point as Point, round)
        expect(acknowledged).toHaveLength(tasksPerRound)

        const definition = writingTask((line) => appendFileSync(log, line))
        const work = piecework({ storage: anHourLater(sqlite(database)), definitions: [definition] })
        const ended = await work.drain()
        expect(ended).toBe(point === 'settled' ? 0 : tasksPerRound)
        const fences = startsOf(log)
        for (const [index, taskId] of acknowledged.entries()) {
          const found = await work.get(taskId)
          expect(found).toMatchObject({ state: 'completed', attempts, result: { attempt: attempts } })
          const known = fences.get(taskId) ?? []
          expect(known).toHaveLength(index === 0 ? starts[0] : starts[1])
          // Each start has a higher fence than the one before, whoever made it.
          expect(known).toEqual([...new Set(known)].sort((a, b) => a - b))
        }
        // A crash is seen once and recorded once; what was settled has no record.
        const errors = (await Promise.all(acknowledged.map((each) => work.get(each)))).flatMap(
          (each) => each?.errors ?? [],
        )
        expect(errors.map(({ name }) => name)).toEqual(attempts === 2 ? Array(tasksPerRound).fill('CrashedError') : [])
        await work.close()
      }
      const all = piecework({ storage: sqlite(database), definitions: [writingTask(() => {})] })
      expect((await all.status()).tasks).toEqual({ writing: { completed: kills * tasksPerRound } })
      await all.close()
    })
  }
})

test('ER-02 a rejection that a handler leaks ends the process as Node has it, and what it held is recovered', async () => {
  const database = join(folder, 'leak.db')
  const log = join(folder, 'leak.log')
  const script = fileURLToPath(new URL('./leak.ts', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [script, database, log], { encoding: 'utf8', timeout: 30_000 })
  expect(status).toBe(1)
  expect(stderr).toContain('nobody waits for this')
  const work = piecework({ storage: anHourLater(sqlite(database)), definitions: [writingTask(() => {})] })
  await work.drain()
  // The first had ended well before the leak came out; the later one was only waiting.
  expect(await work.get('first')).toMatchObject({ state: 'completed', attempts: 1 })
  expect(await work.get('later')).toMatchObject({ state: 'completed', attempts: 1 })
  await work.close()
})
