/** `runNext` and `drain`: work in the foreground, with and without `start`. */
import { describe, expect, test } from 'vitest'
import { type TaskContext, task } from '../../../src/index.ts'
import { faulty } from '../../../src/testing/index.ts'
import { gate, kit, noted, onEachStorage } from './kit.ts'

const echo = task('echo', { run: ({ input }: TaskContext<unknown>) => input })

describe('runNext', () => {
  onEachStorage('runs one due task at a time and says how it ended, until none is due', async (storage) => {
    const { work } = kit([echo], { storage })
    await work.add([echo.with(1), echo.with(2), echo.with(3, { delay: '1h' })])
    expect(await work.runNext()).toMatchObject({ state: 'completed', result: 1 })
    expect(await work.runNext()).toMatchObject({ state: 'completed', result: 2 })
    expect(await work.runNext()).toBeUndefined()
    expect(work.running).toBe(false)
  })

  test('an error of the handler is in what it resolves with, and it does not reject', async () => {
    const fails = task('fails', { run: () => Promise.reject(new Error('down')) })
    const { work } = kit([fails])
    await work.add(fails)
    expect(await work.runNext()).toMatchObject({ state: 'waiting', errors: [{ message: 'down' }] })
  })

  test('several at once run side by side, beside a worker too', async () => {
    const door = gate()
    const long = task('long', { run: () => door.opened })
    const { work, clock } = kit([long], { concurrency: 1 })
    await work.start()
    await work.add([long.with(), long.with(), long.with()])
    const running = [work.runNext(), work.runNext()]
    await clock.settle()
    expect((await work.status()).tasks.long).toEqual({ running: 3 })
    door.open()
    expect((await Promise.all(running)).map((info) => info?.state)).toEqual(['completed', 'completed'])
    await work.stop()
  })

  test('P-EXCL a long task in the foreground keeps its lease', async () => {
    const door = gate()
    const long = task('long', { run: () => door.opened })
    const { work, storage, clock } = kit([long])
    const { work: other } = kit([long], { storage, clock })
    await other.start()
    await work.pause(long)
    await clock.tick('2s')
    const { id } = await work.add(long)
    await work.resume(long)
    const running = work.runNext()
    await clock.tick('10m')
    expect(await work.get(id)).toMatchObject({ state: 'running', attempts: 1 })
    door.open()
    expect(await running).toMatchObject({ state: 'completed', attempts: 1 })
    await other.stop()
  })
})

describe('drain', () => {
  onEachStorage('runs all that is due, what it adds meanwhile too, and counts the attempts', async (storage) => {
    const chain = task('chain', {
      run: async ({ input }: TaskContext<number>) => {
        if (input > 0) await work.add(chain, input - 1)
      },
    })
    const { work } = kit([chain, echo], { storage })
    await work.add(chain, 5)
    await work.add(echo, 1, { delay: '1h' })
    expect(await work.drain()).toBe(6)
    expect(await work.drain()).toBe(0)
    expect((await work.status()).tasks).toEqual({ chain: { completed: 6 }, echo: { waiting: 1 } })
    expect(work.running).toBe(false)
  })

  test('a thousand tasks are claimed and stored in batches', async () => {
    const { storage, calls } = noted(kit([]).storage)
    const { work } = kit([echo], { storage })
    await work.add(Array.from({ length: 1_000 }, (_, index) => echo.with(index)))
    calls.length = 0
    expect(await work.drain()).toBe(1_000)
    expect(calls.filter(({ verb }) => verb === 'claim' || verb === 'apply').length).toBeLessThan(60)
  })

  test('with a started worker resolves when nothing is due or running, several at once too', async () => {
    const door = gate()
    const long = task('long', { run: () => door.opened })
    const { work, clock } = kit([long])
    await work.start()
    await work.add(long)
    let drained = 0
    const drains = [work.drain(), work.drain()].map((drain) => drain.then(() => drained++))
    await clock.tick('5s')
    expect(drained).toBe(0)
    door.open()
    await Promise.all(drains)
    expect(work.running).toBe(true)
    await work.stop()
  })

  test('without a worker it rejects when the storage fails, and may be called again', async () => {
    const { storage, clock } = kit([])
    const broken = faulty(storage, (verb, call) => (verb === 'claim' && call === 1 ? 'before' : 'pass'))
    const { work } = kit([echo], { storage: broken, clock })
    await work.add(echo, 1)
    await expect(work.drain()).rejects.toThrow('faulty')
    const again = work.drain()
    await clock.tick('1s')
    expect(await again).toBe(1)
  })

  test('a stop lets those go who drain', async () => {
    const { work } = kit([echo])
    await work.add(echo, 1)
    const [drained] = await Promise.all([work.drain(), work.stop()])
    expect(drained).toBeLessThanOrEqual(1)
    expect(await work.drain()).toBe(1 - drained)
  })
})

test('P-LIVE what is added while a claim is under way is run at once, not at the next poll', async () => {
  const { storage: base, clock } = kit([])
  const doors: (() => void)[] = []
  let slow = false
  const storage = {
    ...base,
    claim: async (request: Parameters<typeof base.claim>[0]) => {
      const rows = await base.claim(request)
      if (slow) await new Promise<void>((resolve) => void doors.push(resolve))
      return rows
    },
  }
  const { work } = kit([echo], { storage, clock })
  await work.start()
  await clock.settle()
  slow = true
  const first = await work.add(echo, 1)
  await clock.settle()
  expect(doors).toHaveLength(1)
  const second = await work.add(echo, 2)
  slow = false
  doors[0]?.()
  await clock.settle()
  const states = await Promise.all([first, second].map(async ({ id }) => (await work.get(id))?.state))
  expect(states).toEqual(['completed', 'completed'])
  await work.stop()
})
