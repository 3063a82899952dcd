/** The command that hands items over, on SQLite and on each kind of server. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { piecework, task } from '../../src/index.ts'
import { dynamoPlace, mongoPlace, postgresPlace, sqlitePlace } from '../servers/places.ts'
import { withServer } from '../servers/with-server.ts'
import { dispatching } from './dispatching.ts'
import { start } from './kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('D4 Ctrl-C before all items were handed over says so, and the same command goes on with the rest', async () => {
  const count = 10_000
  const many = task('many', {
    run: async ({ emit }) => {
      for (let id = 0; id < count; id++) await emit({ id })
    },
  })
  const shop = task('shop', { run: (_: { input: unknown }) => {} })
  const file = join(folder, 'many.db')
  const logger = { info() {}, warn() {}, error() {} }
  const storage = sqlite(file, { synchronous: 'normal' })
  const work = piecework({ storage, definitions: [many, shop], concurrency: 100, logger })
  await work.add(many, undefined, { id: 'many' })
  await work.drain()
  const flags = '--consume-job-items many --consume-job-attribute id --consumer shop --workers 100'
  const command = `exec $piecework dispatch ${flags} --storage sqlite:${file}`
  const stateOf = () =>
    work.job('dispatch.shop').then(
      ({ state }) => state,
      () => 'none',
    )

  const first = start(command)
  await expect.poll(stateOf, { interval: 5 }).toBe('open')
  first.child.kill('SIGINT')
  const told = 'What was handed over goes on in its workers. The same command hands over the rest.'
  expect(await first.ended).toMatchObject({ code: 130, stderr: `${told}\n` })
  expect(await stateOf()).toBe('open')

  await work.start()
  const second = await start(command).ended
  expect(second).toMatchObject({ code: 0, stderr: '' })
  expect(await work.job('dispatch.shop')).toMatchObject({ state: 'completed', result: { items: count, exhausted: 0 } })
  expect((await work.status()).tasks.shop).toEqual({ completed: count })
  await work.close()
})

describe('on sqlite', () => dispatching(sqlitePlace(folder)))
await withServer('postgres', ({ url }) => dispatching(postgresPlace(url)))
await withServer('mongo', ({ url }) => dispatching(mongoPlace(url)))
await withServer('dynamodb', ({ url }) => dispatching(dynamoPlace(url)))
