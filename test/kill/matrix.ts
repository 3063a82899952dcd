/** The tests of `kill -9` at every point of a task's way, on any storage: nothing lost, no second outcome, attempts exact. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { piecework } from '../../src/index.ts'
import { oneFile } from '../servers/one-file.ts'
import { type Address, openAt, type Place } from '../servers/places.ts'
import { runToDeath } from './death.ts'
import { anHourLater } from './later.ts'
import { type Point, points, tasksPerRound, writingTask } from './points.ts'

/** How often at each point: on servers, which each new process has to reach first, less often. `PIECEWORK_KILLS=25` for all. */
const killsOf = (kills: number) => Number(process.env.PIECEWORK_KILLS ?? kills)
const victim = await oneFile(new URL('./victim.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'piecework-kill-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a victim to its death, and answers the ids that it acknowledged. */
function kill(address: Address, log: string, point: Point, round: number): string[] {
  return JSON.parse(runToDeath(victim, JSON.stringify(address), log, point, String(round))) as string[]
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

export function killMatrix(place: Place, usual = 8): void {
  const kills = killsOf(usual)
  for (const [point, { id, when, attempts, starts }] of Object.entries(points)) {
    test(`${id} ${when}, ${kills} times: nothing is lost, nothing ends twice, attempts are exact`, {
      timeout: 120_000,
    }, async () => {
      const address = place.fresh()
      const log = join(folder, `${point}.log`)
      for (let round = 0; round < kills; round++) {
        const acknowledged = kill(address, log, point as Point, round)
        expect(acknowledged).toHaveLength(tasksPerRound)

        const definition = writingTask((line) => appendFileSync(log, line))
        const work = piecework({ storage: anHourLater(await openAt(address)), definitions: [definition] })
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
      const all = piecework({ storage: await openAt(address), definitions: [writingTask(() => {})] })
      expect((await all.status()).tasks).toEqual({ writing: { completed: kills * tasksPerRound } })
      await all.close()
    })
  }
}
