/** A storage that is away, and answers that are lost: nothing is lost with them, nothing is done twice, nothing grows. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { task } from '../../src/index.ts'
import type { FindBy } from '../../src/storage/index.ts'
import { type Fault, faulty, manualClock, type Verb } from '../../src/testing/index.ts'
import { once, proc } from './kit.ts'
import { checkHistory, ledger } from './ledger.ts'

describe('an answer that is lost', () => {
  test.each(['1s', '1m'] as const)(
    'DB-01 of a claim: it is found and given back at the next, and no attempt is charged (polling every %s)',
    async (poll) => {
      const storage = ledger(memory())
      const clock = manualClock()
      const attempts: number[] = []
      const work = task('work', { run: ({ attempt }) => void attempts.push(attempt) })
      const a = proc([work], { storage: faulty(storage, once('claim', 1, 'after')), clock, poll })
      const { id } = await a.work.add(work)
      await a.work.start()
      await clock.tick('1s')
      expect(attempts).toEqual([1])
      expect(storage.history(id)).toMatchObject({ refunds: 1, ends: ['completed'] })
      expect(storage.history(id).claims).toHaveLength(2)
      checkHistory(storage, id)
    },
  )

  test('DB-01 of a claim: only what it took is asked for, never what else is running', async () => {
    const storage = ledger(memory())
    const clock = manualClock()
    const work = task('work', { run: () => {} })
    const asked: FindBy[] = []
    const watched = Object.assign(Object.create(storage) as typeof storage, {
      find: (by: FindBy, limit: number) => {
        asked.push(by)
        return storage.find(by, limit)
      },
    })
    const a = proc([work], { storage: faulty(watched, once('claim', 1, 'after')), clock })
    const { id } = await a.work.add(work)
    await a.work.start()
    await clock.tick('20s')
    expect(storage.history(id)).toMatchObject({ refunds: 1, ends: ['completed'] })
    expect(asked.length).toBeGreaterThan(0)
    for (const by of asked) expect(by).toMatchObject({ claimedBy: expect.any(String), until: expect.any(Number) })
  })

  test('DB-01 of a claim that commits after its time ran out: found later, before its lease ends', async () => {
    const storage = ledger(memory())
    const clock = manualClock()
    const attempts: number[] = []
    const work = task('work', { run: ({ attempt }) => void attempts.push(attempt) })
    let commitsAt = 0
    const late = Object.assign(Object.create(storage) as typeof storage, {
      claim: (request: Parameters<typeof storage.claim>[0]) => {
        if (commitsAt === 0) {
          commitsAt = clock.now() + 3_000
          clock.after(3_000, () => storage.claim(request))
          throw new Error('timed out')
        }
        // Until it commits its rows are locked, and other claims pass over them.
        return clock.now() <= commitsAt ? [] : storage.claim(request)
      },
    })
    const a = proc([work], { storage: late, clock })
    const { id } = await a.work.add(work)
    await a.work.start()
    await clock.tick('29s')
    expect(attempts).toEqual([1])
    expect(storage.history(id)).toMatchObject({ refunds: 1, ends: ['completed'] })
    checkHistory(storage, id)
  })

  test('DB-02 of an outcome: said again it stands, neither an error nor a second run', async () => {
    const storage = ledger(memory())
    const clock = manualClock()
    const runs: number[] = []
    const work = task('work', { run: ({ attempt }) => runs.push(attempt) })
    const a = proc([work], { storage: faulty(storage, once('apply', 1, 'after')), clock })
    const completed: string[] = []
    const lost: string[] = []
    a.work.on('completed', ({ id }) => completed.push(id))
    a.work.on('lost', ({ id }) => lost.push(id))
    const { id } = await a.work.add(work)
    await a.work.start()
    await clock.tick('1m')
    expect(runs).toEqual([1])
    expect(completed).toEqual([id])
    expect(lost).toEqual([])
    checkHistory(storage, id)
  })

  test.each([undefined, 'chosen'])(
    'DB-03 of an add: said again it is one row, and the caller is told added (id: %s)',
    async (id) => {
      const storage = memory()
      const clock = manualClock()
      const work = task('work', { run: () => {} })
      const a = proc([work], { storage: faulty(storage, once('insert', 1, 'after')), clock })
      const adding = a.work.add(work, undefined, { key: 'k', ...(id ? { id } : {}) })
      await clock.tick('1s')
      const added = await adding
      expect(added.status).toBe(id ? 'duplicate' : 'added')
      expect(storage.count({ upTo: 10 }).counts).toEqual({ work: { waiting: 1 } })
    },
  )

  test('DB-03 of an add that fails for good: the error names the ids, and adding with one again makes one row', async () => {
    const storage = memory()
    const clock = manualClock()
    const work = task('work', { run: () => {} })
    let down = true
    const a = proc([work], {
      storage: faulty(storage, (verb) => (down && verb === 'insert' ? 'after' : 'pass')),
      clock,
    })
    const adding = a.work.add(work).catch((error: unknown) => error)
    await clock.tick('10s')
    const error = (await adding) as { code: string; ids: string[] }
    expect(error.code).toBe('storage_failed')
    down = false
    expect((await a.work.add(work, undefined, { id: error.ids[0]! })).status).toBe('duplicate')
    expect(storage.count({ upTo: 10 }).counts).toEqual({ work: { waiting: 1 } })
  })
})

test('DB-07 ten minutes without storage: bounded jittered waiting, few warnings, nothing grows, then work goes on', async () => {
  const storage = memory()
  const clock = manualClock()
  const runs: string[] = []
  const end: (() => void)[] = []
  const work = task('work', {
    run: ({ id }) => new Promise<void>((resolve) => end.push(() => resolve(void runs.push(id)))),
  })
  let down = false
  const calls: { verb: Verb; at: number }[] = []
  const plan = (verb: Verb): Fault => {
    if (down) calls.push({ verb, at: clock.now() })
    return down ? 'before' : 'pass'
  }
  const a = proc([work], { storage: faulty(storage, plan), clock })
  await a.work.add([work.with(), work.with(), work.with({ n: 3 }, { delay: '2m' })])
  await a.work.start()
  await clock.tick('10s')
  down = true
  end[0]!()
  await clock.tick('30s')
  const timers = a.timers()
  calls.length = 0
  a.lines.length = 0
  await clock.tick('10m')
  const perMinute = calls.length / 10
  expect(perMinute).toBeLessThan(120)
  expect(a.lines.length).toBeLessThanOrEqual(61)
  expect(a.timers()).toBeLessThanOrEqual(timers)
  const claims = calls.filter(({ verb }) => verb === 'get').map(({ at }) => at)
  const gaps = claims.slice(1).map((at, index) => at - claims[index]!)
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_990)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(4_010)
  expect(new Set(gaps.map((gap) => Math.round(gap / 10))).size).toBeGreaterThan(gaps.length / 4)
  down = false
  await clock.tick('5s')
  for (const go of end.splice(1)) go()
  await clock.tick('1s')
  for (const go of end) go()
  await clock.tick('1m')
  expect(storage.count({ upTo: 10 }).counts).toEqual({ work: { completed: 3 } })
})
