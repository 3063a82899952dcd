/** The tests of `kill -9` at every step of a job, on any storage: no part twice, none missing, one committed reduce. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type Piecework, piecework } from '../../src/index.ts'
import { oneFile } from '../servers/one-file.ts'
import { type Address, openAt, type Place } from '../servers/places.ts'
import { runToDeath } from './death.ts'
import { addingPoints, endingPoints, fewParts, manyParts, partsOf, type Summing, summingJob } from './job-points.ts'
import { anHourLater } from './later.ts'

/** At each point. */
const kills = { adding: 3, ending: 6 }
const victim = await oneFile(new URL('./job-victim.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'piecework-kill-jobs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Survivor {
  readonly work: Piecework
  readonly definition: Summing
}

/** Another process, when every lease of the dead one has ended. */
async function survive(address: Address, log: string, body: (survivor: Survivor) => Promise<void>): Promise<void> {
  const definition = summingJob((line) => appendFileSync(log, line))
  const work = piecework({ storage: anHourLater(await openAt(address)), definitions: [definition] })
  try {
    await body({ work, definition })
  } finally {
    await work.close()
  }
}

function linesOf(log: string, what: 'part' | 'reduce', id: string): string[] {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  return lines.filter((line) => line.startsWith(`${what} ${id}`))
}

function reportOf(count: number) {
  return { sum: partsOf(count).reduce((sum, part) => sum + part * 2, 0), inputs: count }
}

/** `carriesOn`: what was sent before a death is done all the same, as by a server. */
export function killJobs(place: Place, { carriesOn }: { readonly carriesOn: boolean }): void {
  for (const [point, { when, status }] of Object.entries(addingPoints)) {
    test(`CR-07 MR-05 ${when}, ${kills.adding} times: no reduce is early, the same call goes on, and each part is there once`, {
      timeout: 240_000,
    }, async () => {
      const address = place.fresh()
      const log = join(folder, `${point}.log`)
      for (let round = 0; round < kills.adding; round++) {
        const id = `job-${round}`
        runToDeath(victim, JSON.stringify(address), log, point, id)
        await survive(address, log, async ({ work, definition }) => {
          if (status === 'added') {
            // What is there may run; it is not all.
            await work.drain()
            expect(await work.job(id)).toMatchObject({ state: 'open', total: undefined, remaining: 0 })
            expect(linesOf(log, 'reduce', id)).toEqual([])
          }
          const run = await work.run(definition, partsOf(manyParts), { id })
          expect(run.status).toBe(status)
          await work.drain()
          expect(await run.done()).toMatchObject({ state: 'completed', total: manyParts, result: reportOf(manyParts) })
        })
        expect(linesOf(log, 'reduce', id)).toHaveLength(1)
        expect(new Set(linesOf(log, 'part', id)).size).toBe(manyParts)
        expect(linesOf(log, 'part', id)).toHaveLength(manyParts)
      }
    })
  }

  for (const [point, ending] of Object.entries(endingPoints)) {
    const { id: failure, when, reduces } = ending
    const mostAttempts = carriesOn && 'mayClaim' in ending ? reduces + 1 : reduces
    test(`${failure} ${when}, ${kills.ending} times: one reduce is committed, of the same inputs, and attempts are exact`, {
      timeout: 120_000,
    }, async () => {
      const address = place.fresh()
      const log = join(folder, `${point}.log`)
      for (let round = 0; round < kills.ending; round++) {
        const id = `job-${round}`
        runToDeath(victim, JSON.stringify(address), log, point, id)
        await survive(address, log, async ({ work }) => {
          await work.drain()
          const job = await work.job(id)
          expect(job).toMatchObject({ state: 'completed', total: fewParts, result: reportOf(fewParts) })
          expect(job.attempts).toBeGreaterThanOrEqual(reduces)
          expect(job.attempts).toBeLessThanOrEqual(mostAttempts)
        })
        const inputs = linesOf(log, 'reduce', id)
        expect(inputs).toHaveLength(reduces)
        expect(new Set(inputs).size).toBe(1)
        expect(linesOf(log, 'part', id)).toHaveLength(fewParts)
      }
    })
  }
}
