/** A rolling deploy: processes of this version and of a later one on one storage. */
import { expect } from 'vitest'
import { fixed, type TaskContext, task } from '../../src/index.ts'
import type { Row, Storage } from '../../src/storage/index.ts'
import { kit, onEachStorage } from './face/kit.ts'
import { rowOf } from './kit.ts'

const ran: unknown[] = []
const mail = task('mail', {
  retry: fixed({ maxAttempts: 3, delay: '1s' }),
  run: ({ input, attempt }: TaskContext<unknown>) => {
    ran.push(input)
    if (attempt === 1) throw new Error('not yet')
    return 'sent'
  },
})

/** As a later version would change it, or have added it. */
async function rewrite(storage: Storage, id: string, change: Partial<Row>): Promise<void> {
  const row = await rowOf(storage, id)
  const { state, priority, wakeAt, tries, holder, doneAt, memo } = { ...row, ...change }
  const next = { state, priority, wakeAt, tries, holder, doneAt, memo, keepKey: true }
  expect(await storage.apply([{ row, next }])).toEqual(['applied'])
}

const withMore = (memo: string, more: object) => JSON.stringify({ ...JSON.parse(memo), ...more })

onEachStorage('UP-01 a definition that only the later version has is never claimed by this one', async (storage) => {
  const later = task('later', { run: () => 'run by the later one' })
  const { work: newer, clock } = kit([mail, later], { storage })
  const { work: older } = kit([mail], { storage, clock })
  const { id } = await newer.add(later, 1)
  const before = await rowOf(storage, id)
  await older.start()
  await clock.tick('2m')
  expect(await rowOf(storage, id)).toEqual(before)
  await older.stop()
  expect(await newer.runNext()).toMatchObject({ id, attempts: 1, result: 'run by the later one' })
})

onEachStorage(
  'UP-01 a state of a later version is not run and not changed, and what it waits for comes after',
  async (storage) => {
    ran.length = 0
    const { work, clock, lines } = kit([mail], { storage, lease: '5s' })
    await work.add(mail, 'theirs', { id: 'theirs' })
    await rewrite(storage, 'theirs', { state: 'quarantined', memo: withMore('{}', { until: [1] }) })
    const { state, input, memo, key } = await rowOf(storage, 'theirs')
    await work.start()
    await work.add(mail, 'ours', { id: 'ours' })
    await clock.tick('1m')
    expect(ran).toEqual(['ours', 'ours'])
    expect(await work.get('ours')).toMatchObject({ state: 'completed' })
    expect(await rowOf(storage, 'theirs')).toMatchObject({ state, input, memo, key, doneAt: null })
    expect(lines).toContainEqual('warn Row theirs (mail) is not a task that this version can run: it is quarantined')
    // Nor does anything that this version counts, shows or removes touch it.
    expect(await work.get('theirs')).toBeUndefined()
    await expect(work.cancel('theirs')).rejects.toMatchObject({ code: 'not_found' })
    await work.purge()
    expect(await rowOf(storage, 'theirs')).toMatchObject({ state, memo })
    await work.stop()
  },
)

onEachStorage(
  'UP-01 what a later version keeps beside a task goes through each move of this one, bit for bit',
  async (storage) => {
    const { work, clock } = kit([mail], { storage })
    await work.add([
      mail.with(1, { id: 'runs' }),
      mail.with(2, { id: 'cancelled' }),
      mail.with(3, { id: 'held', hold: true }),
    ])
    const more = { tenant: { id: 7, tags: ['a', null] }, __proto__: null, 'a"b\n': 0.1 }
    const ids = ['runs', 'cancelled', 'held']
    for (const id of ids) await rewrite(storage, id, { memo: withMore((await rowOf(storage, id)).memo, more) })
    const kept = async (id: string) => {
      const { memo } = await rowOf(storage, id)
      const { tenant, 'a"b\n': odd } = JSON.parse(memo)
      expect({ tenant, odd }).toEqual({ tenant: more.tenant, odd: 0.1 })
      // Nothing stands there twice.
      expect(memo.split('"tenant"')).toHaveLength(2)
    }
    await work.cancel('cancelled')
    await work.release('held')
    await work.drain()
    expect(await work.get('runs')).toMatchObject({ state: 'waiting', attempts: 1 })
    for (const id of ids) await kept(id)
    await work.retry('cancelled')
    await work.start()
    await clock.tick('1m')
    for (const id of ids) {
      expect(await work.get(id)).toMatchObject({ state: 'completed', result: 'sent' })
      await kept(id)
    }
    await work.stop()
  },
)

onEachStorage('UP-01 a rule of a schedule that only a later version knows is left to it', async (storage) => {
  const { work, clock, lines } = kit([mail], { storage, lease: '5s' })
  await work.schedule(mail, { every: '1m', input: 1 })
  for await (const { name } of work.schedules()) expect(name).toBe('mail')
  const { rows } = await storage.find({ names: ['~schedule'] }, 10)
  const [row] = rows
  const memo = JSON.parse(row!.memo)
  await rewrite(storage, row!.id, { memo: JSON.stringify({ ...memo, rule: { moon: 'full' } }) })
  const { memo: theirs } = await rowOf(storage, row!.id)
  await work.start()
  await clock.tick('5m')
  expect((await work.status()).tasks.mail).toEqual({})
  expect((await rowOf(storage, row!.id)).memo).toBe(theirs)
  expect(lines.filter((line) => line.startsWith('warn') && line.includes('mail')).length).toBeGreaterThan(0)
  await work.stop()
})
