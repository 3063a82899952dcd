/** What Party's documentation says of tasks. Its recurring tasks, HTTP and cleanup are other rooms' matter. */
import { expect, test } from 'vitest'
import { fixed, retryPresets, task } from '../../../src/index.ts'
import { manualClock } from '../../../src/testing/index.ts'
import { kit, noted, onEachStorage } from './kit.ts'

onEachStorage(
  'Y2 Y3 a handler sees its id, its name, its own time through retries, and its attempt',
  async (storage) => {
    const seen: unknown[] = []
    const sample = task('SampleTask', {
      retry: fixed({ maxAttempts: 2, delay: '1m' }),
      run: ({ id, name, runAt, attempt, input }) => {
        seen.push({ id, name, runAt, attempt, input })
        if (attempt === 1) throw new Error('not yet')
      },
    })
    const { work, clock } = kit([sample], { storage })
    const runAt = clock.now() + 1_000
    const { id } = await work.add(sample, { arg1: 'val1' }, { at: runAt })
    expect(id).toMatch(/^[0-9a-z]{24}$/)
    await work.start()
    await clock.tick('2m')
    const each = { id, name: 'SampleTask', runAt, input: { arg1: 'val1' } }
    expect(seen).toEqual([
      { ...each, attempt: 1 },
      { ...each, attempt: 2 },
    ])
    await work.stop()
  },
)

test('Y6 one unfinished task a handler and its data: the data as the key, the second told why', async () => {
  const bill = task('bill', { run: () => {} })
  const remind = task('remind', { run: () => {} })
  const { work } = kit([bill, remind])
  const data = { user: 7 }
  const key = JSON.stringify(data)
  const first = await work.add(bill, data, { key })
  expect(await work.add(bill, data, { key })).toEqual({ id: first.id, status: 'duplicate' })
  expect((await work.add(remind, data, { key })).status).toBe('added')
})

test('Y8 several tasks at once, with a time or without, answer with all that were added', async () => {
  const one = task('one', { run: () => {} })
  const two = task('two', { run: () => {} })
  const { work, clock } = kit([one, two])
  const at = new Date(clock.now() + 60_000)
  const added = await work.add([one.with({ arg1: 'val1' }, { at }), two.with({}), two.with({}, { at })])
  expect(added.map(({ status }) => status)).toEqual(['added', 'added', 'added'])
  const infos = await Promise.all(added.map(({ id }) => work.get(id)))
  expect(infos.map((info) => info?.runAt)).toEqual([at.getTime(), clock.now(), at.getTime()])
})

onEachStorage('Y11 the lower time goes first, then fewer attempts, then the earlier one', async (storage) => {
  const started: unknown[] = []
  const note = task('note', {
    retry: fixed({ delay: '1m' }),
    run: ({ input, attempt }) => {
      started.push([input, attempt])
      if (input === 'fails' && attempt === 1) throw new Error('again')
    },
  })
  const { work, clock } = kit([note], { storage, concurrency: 1 })
  await work.add(note, 'fails')
  await work.drain()
  const at = clock.now() + 60_000
  await work.add([note.with('fresh', { at }), note.with('fresh too', { at }), note.with('lower', { at: at - 1 })])
  await clock.tick('1m')
  await work.drain()
  expect(started.slice(1)).toEqual([
    ['lower', 1],
    ['fresh', 1],
    ['fresh too', 1],
    ['fails', 2],
  ])
})

test('Y12 LD-04 as many long tasks are fetched as there are places free', async () => {
  const clock = manualClock()
  const long = task('long', { run: () => new Promise<void>((resolve) => void clock.after(10_000, resolve)) })
  const { storage, calls } = noted(kit([]).storage)
  const { work } = kit([long], { storage, clock, concurrency: 3 })
  await work.add(Array.from({ length: 10 }, (_, index) => long.with(index)))
  await work.start()
  for (let round = 0; round < 4; round++) {
    await clock.tick('5s')
    const { running = 0 } = (await work.status()).tasks.long ?? {}
    expect(running).toBe(round < 3 ? 3 : 1)
    await clock.tick('5s')
  }
  expect(Math.max(...calls.filter(({ verb }) => verb === 'claim').map(({ size }) => size))).toBe(3)
  await work.stop()
})

onEachStorage('Y13 completed is never run again, deleted never, none after 6 failed attempts', async (storage) => {
  let runs = 0
  const failing = task('failing', {
    retry: retryPresets.party,
    run: () => {
      runs++
      throw new Error('down')
    },
  })
  const fine = task('fine', { run: () => void runs++ })
  const { work, clock } = kit([failing, fine], { storage })
  await work.start()
  const { id } = await work.add(failing)
  await clock.tick('10m')
  expect(await work.get(id)).toMatchObject({ state: 'failed', attempts: 6, reason: 'exhausted' })
  expect(runs).toBe(6)
  const done = await work.add(fine)
  await clock.settle()
  expect(await work.retry(done.id)).toBe(false)
  const removed = await work.add(fine, undefined, { delay: '1h' })
  await work.cancel(removed.id)
  await work.purge()
  await expect(work.retry(removed.id)).rejects.toMatchObject({ code: 'not_found' })
  await clock.tick('2h')
  expect(runs).toBe(7)
  await work.stop()
})
