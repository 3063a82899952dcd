/** The end of every course of a model: faults stop, and then every row ends. */
import { expect } from 'vitest'
import { standing } from './ledger.ts'
import type { RowWorld } from './world.ts'

/** Each row may lapse at each of its tries. */
const maxMinutes = 12

export async function drain(world: RowWorld): Promise<void> {
  const { clock, rows, ledger, plan } = world
  world.mend()
  const isOpen = () =>
    rows.filter((row) => {
      const tries = row.scrape_reservation_times ?? 0
      return standing(row) === 'free' ? tries < plan.maxTries : standing(row) !== 'ended'
    })
  for (let minute = 0; minute < maxMinutes && isOpen().length > 0; minute++) await clock.tick('1m')
  expect(ledger.broken).toEqual([])
  expect(isOpen(), 'every row ends').toEqual([])
}

/** Everybody stops: nobody holds anything, and no timer of theirs is left. */
export async function stopAll({ alive, clock, ledger }: RowWorld): Promise<void> {
  for (const member of alive) {
    const stopping = member.work.stop({ timeout: '40s' })
    await clock.tick('41s')
    await stopping
    expect((await member.work.status()).worker).toEqual({ running: false, held: 0, threads: 0 })
    expect(member.timers(), 'no timer outlives a stop').toBe(0)
  }
  expect(ledger.broken).toEqual([])
}
