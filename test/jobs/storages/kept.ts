/** Declares what a storage must keep of jobs: their parts' items, their status, consumers' parts, and nothing after a purge. */
import { describe, expect, test } from 'vitest'
import { type Announcement, job, type Piecework, task } from '../../../src/index.ts'
import { all, fresh, type Open, rowsOf, withWork, withWorks } from './instances.ts'

class Corrupt extends Error {}

/** Items so large that a few of them fill a row. */
const itemOf = (part: number, index: number) => `${part}:${index}:${'i'.repeat(30_000)}`
const itemsOf = (part: number) => Array.from({ length: part * 3 }, (_, index) => itemOf(part, index))
const partId = (jobId: string, index: number) => `${jobId}/${String(index).padStart(8, '0')}`

function lister() {
  return job(fresh('lister'), {
    map: async ({ part, emit, attempt }: { part: number; emit: (item: unknown) => Promise<void>; attempt: number }) => {
      for (const item of itemsOf(part)) await emit(item)
      // What a bad attempt emitted lies beside what counts.
      if (part === 2 && attempt === 1) throw new Error('again')
      return part
    },
    retry: () => 0,
    reduce: ({ results }) => all(results),
  })
}

export function keepsJobs(open: Open): void {
  test('LZ-05 items of a part are its own: neither parts of the job nor items of another', async () => {
    const listing = lister()
    await withWork(open, [listing], async (work) => {
      const run = await work.run(listing, [0, 1, 2, 3])
      await work.drain()
      expect(await run.done()).toMatchObject({ state: 'completed', total: 4, remaining: 0, result: [0, 1, 2, 3] })
      for (const part of [0, 1, 2, 3]) expect(await all(work.items(`${run.id}/${part}`))).toEqual(itemsOf(part))
      const parts = [0, 1, 2, 3].map((index) => partId(run.id, index))
      expect((await rowsOf(open, { parent: run.id })).map(({ id }) => id)).toEqual(parts)
      const states = ['held', 'waiting', 'running', 'item', 'completed']
      expect((await rowsOf(open, { parent: run.id, states })).map(({ id }) => id)).toEqual(parts)
      const items = await rowsOf(open, { parent: partId(run.id, 3) })
      expect(items.length).toBeGreaterThan(1)
      for (const { id, parent } of items) expect([id.startsWith(`${parent}/`), parent]).toEqual([true, parts[3]])
    })
  })

  test('W35 W42 status and pending parts tell what is left, whoever did the rest, and never 100 before the end', async () => {
    const outside = job(fresh('outside'), { announce: () => {} })
    await withWork(open, [outside], async (work) => {
      const run = await work.run(outside, Array(130).fill('x'), { metadata: { who: 'me' } })
      const { id: beside } = await work.run(outside, ['x', 'x'], { id: `${run.id}-1` })
      for (const index of [1, 3, 128]) await work.part({ jobId: run.id, index }, () => index)
      const left = Array.from({ length: 130 }, (_, index) => index).filter((index) => ![1, 3, 128].includes(index))
      expect(await all(work.pendingParts(run.id))).toEqual(left)
      expect(await work.job(run.id)).toMatchObject({ state: 'mapping', total: 130, remaining: 127, percent: 2 })
      expect(await work.job(beside)).toMatchObject({ total: 2, remaining: 2, metadata: undefined })
      for (const index of left.slice(1)) await work.part({ jobId: run.id, index }, () => index)
      expect(await work.job(run.id)).toMatchObject({ state: 'mapping', remaining: 1, percent: 99 })
      await work.part({ jobId: run.id, index: 0 }, () => 0)
      expect(await work.job(run.id)).toMatchObject({ state: 'completed', remaining: 0, metadata: { who: 'me' } })
      expect(await all(work.pendingParts(run.id))).toEqual([])
      await expect(work.job(partId(run.id, 1))).rejects.toMatchObject({ code: 'not_found' })
    })
  })

  test('W11 W18 W21 a part that a consumer outside brings again never reduces again, nor while another has it', async () => {
    const messages: Announcement[] = []
    const pages = job(fresh('pages'), { announce: (message: Announcement) => void messages.push(message) })
    await withWorks(open, [pages], 2, async ([work, other]) => {
      const run = await work!.run(pages, ['a', 'b', 'c'])
      const place = (index: number) => ({ jobId: run.id, index })
      await work!.part(place(0), async ({ part }) => {
        expect(part).toBe('a')
        expect(await other!.part(place(0), () => expect.unreachable())).toEqual({ status: 'busy' })
      })
      const ends = [work!.part(place(1), () => 1), other!.part(place(2), () => 2)]
      expect(await Promise.all(ends)).toEqual([1, 2].map((result) => ({ status: 'completed', result })))
      const again = [0, 1, 2, 0, 1, 2].map((index, at) => [work!, other!][at % 2]!.part(place(index), () => 9))
      for (const report of await Promise.all(again)) expect(report).toEqual({ status: 'already_completed' })
      expect(messages.filter(({ subject }) => subject === 'reduce')).toHaveLength(1)
      expect((await other!.get(`${run.id}/1`))?.result).toBe(1)
    })
  })

  test('W13 W14 a part of failOn that a consumer outside brings fails the job, and the rest are skipped unrun', async () => {
    const pages = job(fresh('pages'), { failOn: [Corrupt], announce: () => {} })
    await withWorks(open, [pages], 2, async ([work, other]) => {
      const { id } = await work!.run(pages, ['a', 'b', 'c'])
      const error = new Corrupt('bad page')
      await expect(work!.part({ jobId: id, index: 1 }, () => Promise.reject(error))).rejects.toBe(error)
      for (const index of [0, 1, 2]) {
        expect(await other!.part({ jobId: id, index }, () => expect.unreachable())).toEqual({ status: 'skipped' })
      }
      expect(await other!.job(id)).toMatchObject({ failed: true, failure: { part: 1, error: { message: 'bad page' } } })
    })
  })

  describe('a purge', () => {
    test('of jobs that are over takes their parts and the items of those, and leaves everything else', async () => {
      const listing = lister()
      const broken = job(fresh('broken'), { retry: () => 'stop', map: () => Promise.reject(new Error('bad')) })
      const single = task(fresh('single'), { run: () => 1 })
      await withWork(open, [listing, broken, single], async (work) => {
        const over = await work.run(listing, [1, 2, 3], { id: fresh('over') })
        const failed = await work.run(broken, [1, 2, 3], { id: `${over.id}-1` })
        const { id: taskId } = await work.add(single, undefined)
        await work.drain()
        const cancelled = await work.run(listing, [1, 2, 3], { workers: 1 })
        expect(await work.cancel(cancelled.id)).toBe(true)
        await work.drain()
        const open_ = await work.run(listing, [1, 2])
        const ids = [over.id, failed.id, cancelled.id]
        const names = [listing.name, broken.name]
        const removed = { completed: 1, failed: 1, cancelled: 1 }
        await expect.poll(() => purged(work, names)).toEqual(removed)
        for (const id of ids) {
          await expect(work.job(id)).rejects.toMatchObject({ code: 'not_found' })
          expect(await rowsOf(open, { parent: id })).toEqual([])
          for (const index of [0, 1, 2]) expect(await rowsOf(open, { parent: partId(id, index) })).toEqual([])
        }
        expect((await work.get(taskId))?.state).toBe('completed')
        expect(await work.job(open_.id)).toMatchObject({ state: 'mapping', remaining: 2 })
        await work.drain()
        expect(await open_.done()).toMatchObject({ state: 'completed', result: [1, 2] })
      })
    })
  })
}

/** What purges so far have removed: what a lagging index does not know yet is found by the next one. */
const sums = new Map<Piecework, Record<string, number>>()

async function purged(work: Piecework, names: readonly string[]): Promise<Record<string, number>> {
  const sum = sums.get(work) ?? {}
  for (const [state, count] of Object.entries(await work.purge({ names }))) sum[state] = (sum[state] ?? 0) + count
  sums.set(work, sum)
  return sum
}
