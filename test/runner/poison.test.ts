/** Tasks that kill their process: bounded starts, a reason that says so, and neighbours that recover. */
import { describe, expect, test } from 'vitest'
import { fixed } from '../../src/index.ts'
import { proc } from './kit.ts'
import { checkHistory } from './ledger.ts'
import { succession, untilDone } from './succession.ts'

describe('a task that kills its process at every start', () => {
  test.each([
    ['by its retry policy', { retry: fixed({ maxAttempts: 3, delay: 0 }), maxCrashes: 100 }, 3],
    ['by maxCrashes', { retry: fixed({ maxAttempts: 100, delay: 0 }), maxCrashes: 3 }, 4],
    ['at once where one attempt is all', { retry: fixed({ maxAttempts: 1 }), maxCrashes: 3 }, 1],
  ])('P-POISON LZ-17 P-ATTEMPT fails once, saying so, and hooks run once: %s', async (_, rules, starts) => {
    let started = 0
    let dead = false
    const house = succession((_context, self) => {
      started++
      dead = true
      self.kill()
      return new Promise(() => {})
    }, rules)
    const failed: unknown[] = []
    const watched = {
      ...house,
      next: () => {
        dead = false
        return house.next((process) => {
          process.work.on('failed', ({ reason, error }) => failed.push([reason, error?.name]))
        })
      },
    }
    const { id } = await proc([house.work], { storage: house.storage, clock: house.clock }).work.add(house.work)
    const last = await untilDone(
      watched,
      () => house.storage.get([id])[0]?.state === 'failed',
      () => dead,
    )
    expect(started).toBe(starts)
    await house.clock.settle()
    expect(failed).toEqual([['crashed', 'CrashedError']])
    const info = await last.work.get(id)
    expect(info).toMatchObject({ state: 'failed', reason: 'crashed', attempts: starts })
    // A process that vanishes writes nothing, so crashes in a row leave one record, of the last.
    expect(info?.errors.map(({ attempt }) => attempt)).toEqual([starts])
    expect(house.storage.history(id).ends).toEqual(['failed'])
    checkHistory(house.storage, id)
  })

  test('CR-09 among fifty: suspects run one at a time, so the others lose at most two attempts and recover', async () => {
    const running = new Set<string>()
    const together: number[] = []
    let poison = ''
    let dead = false
    const house = succession(
      async ({ id, attempt }, self) => {
        running.add(id)
        if (attempt > 2) together.push(running.size)
        if (id === poison) {
          self.kill()
          dead = true
          running.clear()
          return new Promise(() => {})
        }
        await new Promise<void>((resolve) => void house.clock.after(100, resolve))
        running.delete(id)
      },
      { concurrency: 50, retry: fixed({ maxAttempts: 6, delay: 0 }), maxCrashes: 3 },
    )
    const adder = proc([house.work], { storage: house.storage, clock: house.clock })
    const added = await adder.work.add(Array.from({ length: 50 }, () => house.work.with(undefined)))
    const ids = added.map(({ id }) => id)
    poison = ids[49]!
    const began = house.clock.now()
    const isOpen = ({ state }: { state: string }) => state === 'waiting' || state === 'running'
    await untilDone(
      {
        ...house,
        next: () => {
          dead = false
          return house.next()
        },
      },
      () => !ids.some((id) => isOpen(house.storage.get([id])[0]!)),
      () => dead,
    )
    expect(Math.max(...together)).toBe(1)
    for (const row of house.storage.get(ids)) {
      const isPoison = row!.id === poison
      expect(row).toMatchObject(isPoison ? { state: 'failed', tries: 4 } : { state: 'completed', tries: 3 })
      checkHistory(house.storage, row!.id)
    }
    // Four leases for the four crashes, and a few seconds for each of the others.
    expect(house.clock.now() - began).toBeLessThan(5 * 60_000)
  })

  test('P-LIVE a drain is not over before the suspects that it put off had their turn', async () => {
    const rules = { concurrency: 100, retry: fixed({ maxAttempts: 9, delay: 0 }), maxCrashes: 9 }
    const house = succession(({ attempt }) => (attempt <= 2 ? new Promise(() => {}) : undefined), rules)
    const { work } = proc([house.work], { storage: house.storage, clock: house.clock, concurrency: 100 })
    await work.add(Array.from({ length: 100 }, () => house.work.with()))
    for (let crash = 0; crash < 2; crash++) {
      const process = await house.next()
      process.kill()
      await house.clock.tick('31s')
    }
    const drained = work.drain()
    await house.clock.tick('30s')
    expect(await drained).toBe(100)
  })

  test('P-LIVE a hundred suspects that take a moment each are done in seconds, though they run one at a time', async () => {
    const rules = { concurrency: 100, retry: fixed({ maxAttempts: 9, delay: 0 }), maxCrashes: 9 }
    const house = succession(({ attempt }) => (attempt <= 2 ? new Promise(() => {}) : undefined), rules)
    const adder = proc([house.work], { storage: house.storage, clock: house.clock })
    const added = await adder.work.add(Array.from({ length: 100 }, () => house.work.with()))
    for (let crash = 0; crash < 2; crash++) {
      const process = await house.next()
      process.kill()
      await house.clock.tick('31s')
    }
    await house.next()
    await house.clock.tick('15s')
    for (const row of house.storage.get(added.map(({ id }) => id))) {
      expect(row).toMatchObject({ state: 'completed', tries: 3 })
    }
  })
})
