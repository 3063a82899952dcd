/** The short soak: real processes on one file, killed, stopped past their leases and ended by chance, and what still holds. */
import { beforeAll, expect, test } from 'vitest'
import { chosenSeed } from '../../src/conformance/random.ts'
import type { Promised } from './checks.ts'
import { type SoakReport, soak } from './run.ts'

let report: SoakReport

beforeAll(async () => {
  const seed = chosenSeed(undefined, () => Date.now() % 100_000)
  report = await soak({
    seed,
    seconds: 6,
    processes: 3,
    tasks: 1_500,
    drivers: ['node:sqlite', 'better-sqlite3'],
    synchronous: 'normal',
    drainSeconds: 45,
  })
  console.log(`PIECEWORK_SEED=${seed}: ${JSON.stringify(report.counts)}`)
})

function broken(...promised: Promised[]): string[] {
  return promised.flatMap((one) => report.breaches.get(one) ?? [])
}

test('there was something to get through: processes were killed and stopped, and hundreds of tasks ran', () => {
  const { kills = 0, pauses = 0, completed = 0 } = report.counts
  expect(kills).toBeGreaterThan(0)
  expect(kills + pauses).toBeGreaterThan(2)
  expect(completed).toBeGreaterThan(200)
})

test('P-LOST every task that was acknowledged has ended once the faults stop, or waits where its delay says so', () => {
  expect(broken('lost', 'unfinished')).toEqual([])
})

test('LZ-01 LZ-02 P-ONE-OUTCOME a task ends once, with the result of the last claim, whose handler ended well', () => {
  expect(broken('outcome')).toEqual([])
})

test('P-EPOCH LZ-18 fences rise by one with each write, and no two starts have the same', () => {
  expect(broken('fence')).toEqual([])
})

test('P-EXCL P-NOT-EARLY no claim comes before its time or before the end of the lease that it takes over', () => {
  expect(broken('exclusive')).toEqual([])
})

test('P-ATTEMPT P-POISON attempts are claims less refunds, no claim is refunded twice, no limit is passed', () => {
  expect(broken('attempts')).toEqual([])
})

test('P-INVENT a handler starts only for a task that was added, under the fence of a claim', () => {
  expect(broken('invented')).toEqual([])
})

test('P-KEY no key is held by two tasks or by a finished one, and a duplicate names a task of its definition', () => {
  expect(broken('key')).toEqual([])
})

test('P-CANCEL what was told to be cancelled is cancelled', () => {
  expect(broken('cancel')).toEqual([])
})

test('LZ-05 items are those of the attempt whose outcome was recorded, all of them, in order', () => {
  expect(broken('items')).toEqual([])
})

test('DB-12 no process ends by an error, and the file is sound', () => {
  expect(broken('processes', 'file')).toEqual([])
})
