/** What hostile circumstances do to a schedule: many that make it at once, long leases, a stop, a clock that stood ahead. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { piecework, task } from '../../src/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { later } from '../runner/kit.ts'
import { setUp } from '../schedules/kit.ts'

test('RC-01 forty processes that start together may all make the same schedule', async () => {
  const inner = memory()
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const get: Storage['get'] = async (ids) => {
    const found = inner.get(ids)
    await turn()
    return found
  }
  const apply: Storage['apply'] = async (changes) => {
    await turn()
    return inner.apply(changes)
  }
  const distant = Object.assign(Object.create(inner) as Storage, { get, apply })
  const report = task('report', { run: () => {} })
  const quiet = { info() {}, warn() {}, error() {} }
  const all = Array.from({ length: 40 }, () => piecework({ storage: distant, definitions: [report], logger: quiet }))
  for (const rule of [{ cron: '0 9 * * *' }, { at: 1_700_000_000_000, name: 'once' }]) {
    await all[0]!.schedule(report, rule)
    const made = await Promise.allSettled(all.map((work) => work.schedule(report, rule)))
    expect(made.filter(({ status }) => status === 'rejected')).toEqual([])
  }
})

test('CN-02 a scheduler that dies with a tick costs none, however long leases are (60 s on DynamoDB)', async () => {
  const { clock, make, report, storage, seconds } = setUp()
  const work = make({ lease: '5m' })
  await work.schedule(report, { every: '1h', missed: 'skip' })
  await clock.tick('1h')
  const now = clock.now()
  const wants = [{ name: '~schedule', limit: 1 }]
  // Somebody claims it and dies.
  expect(await storage.claim({ wants, limit: 1, holder: 'dead#1', now, until: now + 300_000 })).toHaveLength(1)
  await work.start()
  await clock.tick('6m')
  expect(seconds()).toEqual([3600])
  await work.stop()
})

test('P-STOP a scheduler writes nothing once a stop has given up', async () => {
  const inner = memory()
  const gate = later()
  const writes: string[] = []
  let fails = 1
  const apply: Storage['apply'] = async (changes) => {
    if (changes.some(({ row }) => row.name === '~schedule')) {
      await gate.promise
      if (fails-- > 0) throw new Error('the line was cut')
    }
    writes.push(changes[0]!.row.id)
    return inner.apply(changes)
  }
  const { clock, make, report } = setUp(() => {}, Object.assign(Object.create(inner) as Storage, { apply }))
  const work = make()
  await work.schedule(report, { every: '10s' })
  await work.start()
  await clock.tick('12s')
  const stopped = work.stop({ timeout: 0 })
  await clock.tick('1s')
  await stopped
  writes.length = 0
  gate.resolve()
  await clock.tick('5s')
  expect(writes).toEqual([])
})

test('CK-04 a schedule that was looked at while the clock stood far ahead goes on once it is resumed', async () => {
  const { clock, make, report } = setUp()
  const work = make()
  await work.schedule(report, { every: '1h' })
  await work.start()
  clock.step(365 * 86_400_000)
  await clock.tick('5s')
  clock.step(-365 * 86_400_000)
  await clock.tick('5s')
  await work.scheduled('report').pause()
  const { nextAt } = await work.scheduled('report').resume()
  expect(nextAt! - clock.now()).toBeLessThanOrEqual(3_600_000)
  await work.stop()
})
