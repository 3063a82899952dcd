/** `add` where the storage fails, or where only the app's own transaction decides whether the task is there. */
import { expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { task } from '../../../src/index.ts'
import { faulty } from '../../../src/testing/index.ts'
import { kit, noted, rejection, rowsIn } from './kit.ts'

const echo = task('echo', { run: ({ input }) => input })
const definitions = [echo]

test('DB-03 P-AMBIG an add whose answer was lost stores one row and answers added', async () => {
  const { storage, clock } = kit([])
  const losing = faulty(storage, (verb, call) => (verb === 'insert' && call === 1 ? 'after' : 'pass'))
  const { work } = kit(definitions, { storage: losing, clock })
  const adding = work.add(echo, 1)
  await clock.tick('1s')
  expect((await adding).status).toBe('added')
  expect(await rowsIn(storage)).toBe(1)
})

test('DB-03 an add that fails for good gives the ids to repeat it with', async () => {
  const { storage, clock } = kit([])
  const broken = faulty(storage, (verb, call) => (verb === 'insert' && call <= 4 ? 'after' : 'pass'))
  const { work } = kit(definitions, { storage: broken, clock })
  const failing = rejection(work.add(echo, 1))
  await clock.tick('10s')
  const error = await failing
  expect(error).toMatchObject({ name: 'PieceworkError', code: 'storage_failed', ids: [expect.any(String)] })
  const [id] = (error as Error & { ids: [string] }).ids
  expect(await work.add(echo, 1, { id })).toEqual({ id, status: 'duplicate' })
  expect(await rowsIn(storage)).toBe(1)
})

test('CR-06 through a storage of one transaction: stored there, in batches, tried once, and nobody is told', async () => {
  const { work, storage } = kit(definitions)
  const told: string[] = []
  work.on('added', ({ id }) => told.push(id))
  const { storage: bound, calls } = noted(memory({ batchMax: 2 }))
  const added = await work.add(
    [1, 2, 3].map((number) => echo.with(number)),
    { through: bound },
  )
  expect([added.map(({ status }) => status), told]).toEqual([['added', 'added', 'added'], []])
  expect(calls.map(({ size }) => size)).toEqual([2, 1])
  expect([await rowsIn(storage), await rowsIn(bound)]).toEqual([0, 3])
  await expect(work.add(echo, 1, { through: faulty(bound, () => 'before') })).rejects.toThrow('faulty')
})
