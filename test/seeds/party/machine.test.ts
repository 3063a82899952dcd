/** What Party says of the machine that it runs on: its cores, its disk, its connections. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import { ndjsonSink } from '../../../src/cleanup/index.ts'
import { piecework, task } from '../../../src/index.ts'
import { kit } from '../../runner/face/kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-party-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const cores = availableParallelism()

test('Y1 M28 one worker for each core: as many threads as there are, and no more', async () => {
  const burns = task<typeof import('../../threads/handlers/burns.ts')>('burns', {
    file: new URL('../../threads/handlers/burns.ts', import.meta.url),
  })
  const work = piecework({ storage: memory(), definitions: [burns], concurrency: cores * 3, poll: 20 })
  let most = 0
  work.on('completed', async () => {
    most = Math.max(most, (await work.status()).worker.threads)
  })
  const added = await work.add(Array.from({ length: cores * 3 }, () => burns.with({ ms: 100 })))
  await work.drain()
  const threads = new Set<number>()
  for (const { id } of added) threads.add(((await work.get(id))!.result as { thread: number }).thread)
  expect(most).toBe(cores)
  // One that starts late may find that the others have done it all.
  expect(threads.size).toBeLessThanOrEqual(cores)
  await work.close()
}, 60_000)

test('Y16 unless told otherwise a dump file turns at 5 MB, and there are 20 of them', async () => {
  const done = mkdtempSync(join(folder, 'done-'))
  const at = (age = '') => join(done, `completed.ndjson${age}`)
  for (let age = 1; age <= 18; age++) writeFileSync(at(`.${age}`), `${age}\n`)
  writeFileSync(at(), '')
  const sample = task('sample', { run: () => {} })
  const { work } = kit([sample])
  const dump = async () => {
    await work.add(sample)
    await work.drain()
    await work.purge({ sink: ndjsonSink({ folder: done }) })
  }
  // There is room for more.
  truncateSync(at(), 2_500_000)
  await dump()
  expect(existsSync(at('.19'))).toBe(false)
  for (let round = 0; round < 2; round++) {
    truncateSync(at(), 5_000_000)
    await dump()
    expect(readdirSync(done)).toHaveLength(20)
    expect(readFileSync(at('.19'), 'utf8')).toBe(`${18 - round}\n`)
  }
})

test('Y17 a minimal task takes no more than 400 bytes of the storage, a hundred thousand no more than 40 MB', async () => {
  const path = join(folder, 'size.db')
  const minimal = task('minimal', { run: () => {} })
  const work = piecework({ storage: sqlite(path), definitions: [minimal] })
  const many = 5_000
  await work.add(Array.from({ length: many }, () => minimal.with()))
  await work.drain()
  expect((await work.status()).tasks.minimal).toEqual({ completed: many })
  await work.close()
  const db = new DatabaseSync(path)
  const { bytes } = db.prepare('select sum(pgsize) as bytes from dbstat').get() as { bytes: number }
  db.close()
  const each = bytes / many
  console.log(`${Math.round(each)} bytes for each completed task`)
  expect(each).toBeGreaterThan(100)
  expect(each).toBeLessThan(400)
})

test('Y19 the connection is the one that the app has: used by every instance, and left open', async () => {
  const db = new DatabaseSync(join(folder, 'shared.db'))
  const storage = sqlite(db)
  const sample = task('sample', { run: ({ input }) => input })
  const { now: _, ...shared } = storage
  const { work: adds, clock } = kit([sample], { storage: shared })
  const { work: works } = kit([sample], { storage: shared, clock })
  const { id } = await adds.add(sample, 'one pool')
  await works.drain()
  expect(await adds.get(id)).toMatchObject({ state: 'completed', result: 'one pool' })
  await adds.close()
  await works.close()
  await storage.close?.()
  expect(db.prepare('select count(*) as n from piecework_row').get()).toBeDefined()
  db.close()
})
