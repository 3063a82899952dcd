/** Who is who, and whose clock counts. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { piecework, task } from '../../src/index.ts'
import type { ClaimRequest, Row, Storage } from '../../src/storage/index.ts'
import { manualClock } from '../../src/testing/index.ts'

test('CR-14 a process that comes back with the same host, name and process id is nobody whom the storage knows', async () => {
  const storage = memory()
  const holders: string[] = []
  const watching = Object.assign(Object.create(storage) as Storage, {
    claim(request: ClaimRequest) {
      holders.push(request.holder)
      return storage.claim(request)
    },
  })
  const echo = task('echo', { run: () => {} })
  for (let life = 0; life < 3; life++) {
    const work = piecework({ storage: watching, definitions: [echo], name: 'same' })
    await work.add(echo)
    await work.drain()
  }
  expect(new Set(holders).size).toBe(holders.length)
  // Told apart by more than the count of their calls.
  expect(new Set(holders.map((holder) => holder.split('#')[0])).size).toBe(3)
})

test('LZ-09 a lease is extended to an end by the clock of the storage, whatever the own clock says', async () => {
  const clock = manualClock()
  const storage = memory()
  const aheadMs = 5 * 60_000
  const ends: number[] = []
  const elsewhere = Object.assign(Object.create(storage) as Storage, {
    traits: { ...storage.traits, shared: true },
    now: () => ({ now: clock.now() + aheadMs, error: 0 }),
    extend(rows: readonly Row[], until: number) {
      ends.push(until - (clock.now() + aheadMs))
      return storage.extend(rows, until)
    },
  })
  const slow = task('slow', {
    run: ({ signal }) => new Promise<void>((done) => signal.addEventListener('abort', () => done())),
  })
  const work = piecework({ storage: elsewhere, definitions: [slow], clock, lease: '30s' })
  await work.start()
  await work.add(slow)
  await clock.tick('1m')
  expect(ends.length).toBeGreaterThanOrEqual(4)
  expect(new Set(ends)).toEqual(new Set([30_000]))
  const stopping = work.stop({ timeout: 0 })
  await clock.tick('1s')
  await stopping
})

test('a lease that is not well above what the clock of the storage may be off is refused at the start', async () => {
  const storage = memory()
  const vague = Object.assign(Object.create(storage) as Storage, {
    traits: { ...storage.traits, shared: true },
    now: () => ({ now: Date.now(), error: 1_000 }),
  })
  const work = piecework({ storage: vague, definitions: [], lease: '4s' })
  await expect(work.start()).rejects.toThrow(/^Expected `lease` to be over 4000 ms/)
})
