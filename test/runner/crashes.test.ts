/** Processes that vanish: what others find, and how often a task is tried. */
import { describe, expect, test } from 'vitest'
import { rowOf } from './kit.ts'
import { checkHistory } from './ledger.ts'
import { succession } from './succession.ts'

describe('a process that vanishes', () => {
  test('CR-02 while a handler runs: the next claim has a higher fence and counts the second attempt', async () => {
    const seen: { fence: number; attempt: number }[] = []
    const house = succession(({ fence, attempt }, self) => {
      seen.push({ fence, attempt })
      if (attempt > 1) return 'done'
      self.kill()
      return new Promise(() => {})
    })
    const first = await house.next()
    const { id } = await (await house.next()).work.add(house.work)
    await house.clock.tick('1s')
    expect(seen).toHaveLength(1)
    first.kill()
    const last = await house.next()
    await house.clock.tick('31s')
    expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2])
    expect(seen[1]!.fence).toBeGreaterThan(seen[0]!.fence)
    expect(await last.work.get(id)).toMatchObject({ state: 'completed', attempts: 2, result: 'done' })
    checkHistory(house.storage, id)
  })

  test.each(['before', 'after'] as const)(
    'CR-03 CR-04 after the handler returned, %s its outcome is stored: one result',
    async (when) => {
      const results: number[] = []
      const house = succession(({ attempt }) => {
        results.push(attempt)
        return attempt
      })
      const first = await house.next()
      house.killAt('apply', when)
      const { id } = await first.work.add(house.work)
      await house.clock.settle()
      await house.next()
      await house.clock.tick('1m')
      expect(results).toEqual(when === 'before' ? [1, 2] : [1])
      expect(await rowOf(house.storage, id)).toMatchObject({ state: 'completed', tries: results.length })
      expect(house.storage.history(id).ends).toEqual(['completed'])
      checkHistory(house.storage, id)
    },
  )

  test.each(['before', 'after'] as const)(
    'CR-05 between a throw and %s its record: attempts exact, no error twice',
    async (when) => {
      const house = succession(({ attempt }) => {
        if (attempt === 1) throw new Error('thrown')
        return attempt
      })
      const first = await house.next()
      house.killAt('apply', when)
      const { id } = await first.work.add(house.work)
      await house.clock.settle()
      const last = await house.next()
      await house.clock.tick('1m')
      const info = await last.work.get(id)
      expect(info).toMatchObject({ state: 'completed', attempts: 2 })
      expect(info?.errors.map(({ name, attempt }) => [name, attempt])).toEqual([
        [when === 'before' ? 'CrashedError' : 'Error', 1],
      ])
      checkHistory(house.storage, id)
    },
  )

  test.each(['before', 'after'] as const)(
    'CR-01 at its claim of ten, %s it took effect: all run, each claim is counted once',
    async (when) => {
      const attempts: number[] = []
      const house = succession(({ attempt }) => void attempts.push(attempt))
      const first = await house.next()
      house.killAt('claim', when)
      const added = await first.work.add(Array.from({ length: 10 }, () => house.work.with(undefined)))
      await house.clock.settle()
      await house.next()
      await house.clock.tick('1m')
      expect(attempts).toEqual(Array(10).fill(when === 'before' ? 1 : 2))
      for (const { id } of added) checkHistory(house.storage, id)
    },
  )
})
