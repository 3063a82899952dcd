/** What a race of schedulers must show, on any storage that processes share. */
import { beforeAll, expect, test } from 'vitest'
import { chosenSeed } from '../../../src/conformance/random.ts'
import type { Address } from '../../servers/places.ts'
import { type Race, race } from './run.ts'

/** `PIECEWORK_RACE_TICKS=120` for a long one. */
const ticks = Number(process.env.PIECEWORK_RACE_TICKS ?? 8)

export function raced(address: Address): void {
  let outcome: Race

  beforeAll(
    async () => {
      const seed = chosenSeed(undefined, () => Date.now() % 100_000)
      outcome = await race({ seed, address, ticks })
      const late = Math.max(...outcome.tasks.map(({ runAt, addedAt }) => addedAt - runAt))
      const { counts, wanted } = outcome
      console.log(
        `PIECEWORK_SEED=${seed}: ${wanted.length} ticks by 8 processes: ${JSON.stringify({ ...counts, late })}`,
      )
    },
    180_000 + ticks * 1_000,
  )

  test('there was something to get through: processes were killed from outside and by themselves', () => {
    expect(outcome.counts.struck).toBeGreaterThan(ticks / 3)
    expect(outcome.counts.selfKills).toBeGreaterThan(0)
    expect(outcome.wrongEnds).toEqual([])
  })

  test('M40 CN-01 CN-02 CN-03 CN-07 CN-08 Y21 each tick has one task, and there is no other', () => {
    const text = (at: number) => new Date(at).toISOString()
    expect(outcome.wanted.length).toBeGreaterThanOrEqual(ticks - 1)
    const ids = outcome.tasks.map(({ id }) => id)
    expect(ids.sort()).toEqual(outcome.wanted.map((at) => `race@${text(at)}`))
    for (const { id, runAt } of outcome.tasks) expect(id).toBe(`race@${text(runAt)}`)
  })

  test('CK-01 CK-11 none comes before its time, by the storage, however far the clocks of processes are off', () => {
    for (const { addedAt, runAt } of outcome.tasks) expect(addedAt).toBeGreaterThanOrEqual(runAt)
  })
}
