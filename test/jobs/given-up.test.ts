/** With one slot, a holder that was given up wrongly comes back: the slot is passed on once, and nobody is beside another. */
import { expect } from 'vitest'
import { job } from '../../src/index.ts'
import type { Change, Row, Storage } from '../../src/storage/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { onEachStorage } from '../runner/face/kit.ts'
import { later, proc } from '../runner/kit.ts'

const parts = 5

/** Notes, after each write, which parts have the slot: those that run, or may. */
function watched(storage: Storage, most: string[][]): Storage {
  const look = async () => {
    const { rows } = await storage.find({ parent: 'j', states: ['waiting', 'running'] }, 100)
    most.push(rows.map(({ id, state }: Row) => `${id} ${state}`))
  }
  const wrapped: Partial<Storage> = {
    async claim(request) {
      const rows = await storage.claim(request)
      await look()
      return rows
    },
    async apply(changes) {
      const results = await storage.apply(changes)
      await look()
      return results
    },
  }
  return Object.assign(Object.create(storage) as Storage, wrapped)
}

const whens = ['while its replacement runs', 'after its replacement has ended'] as const
const hows = ['itself', 'its last write alone'] as const

for (const [when, how] of whens.flatMap((one) => hows.map((other) => [one, other] as const))) {
  onEachStorage(`LZ-16 ${how} comes back ${when}`, async (bare) => {
    const clock = manualClock()
    const held: string[][] = []
    const storage = watched(bare, held)
    const [first, second] = [later<string>(), later<string>()]
    const begun: string[] = []
    const pages = (who: string) =>
      job('pages', {
        map: ({ index }) => {
          begun.push(`${who} ${index}`)
          if (index !== 0) return who
          return who === 'A' ? first.promise : second.promise
        },
        reduce: async ({ results }) => {
          const all: unknown[] = []
          for await (const result of results) all.push(result)
          return all
        },
      })
    const [mine, theirs] = [pages('A'), pages('B')]
    const A = proc([mine], {
      storage,
      clock,
      lease: '5s',
      onCall(verb, on, args) {
        // It has ended, and stands still before that is stored: nothing in its process knows better yet.
        const ends = verb === 'apply' && (args[0] as Change[]).some(({ next }) => next?.state === 'completed')
        if (ends && on === 'before' && how !== 'itself' && begun.length === 1) A.freeze()
      },
    })
    const B = proc([theirs], { storage, clock, lease: '5s' })
    await A.work.run(mine, Array(parts).fill(null), { id: 'j', workers: 1 })
    await A.work.start()
    await clock.tick('1s')
    if (how === 'itself') A.freeze()
    else first.resolve('A')
    await clock.settle()
    await B.work.start()
    await clock.tick('20s')
    expect(begun).toEqual(['A 0', 'B 0'])

    const zombie = async () => {
      A.thaw()
      first.resolve('A')
      await clock.tick('3s')
    }
    const replacement = async () => {
      second.resolve('B')
      await clock.tick('3s')
    }
    for (const each of when.startsWith('while') ? [zombie, replacement] : [replacement, zombie]) await each()
    await clock.tick('1m')
    const { state, result } = await B.work.job('j')
    expect([state, (result as string[]).length, (result as string[])[0]]).toEqual(['completed', parts, 'B'])
    // Each other part began once, behind the one before it, whoever ran it.
    expect(begun.slice(2).map((line) => line.slice(2))).toEqual(['1', '2', '3', '4'])
    expect(held.length).toBeGreaterThan(2 * parts)
    expect(held.filter((rows) => rows.length > 1)).toEqual([])
    await Promise.all([A.work.stop(), B.work.stop()])
  })
}
