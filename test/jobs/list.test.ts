/** `work.jobs()`: which jobs there are. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { type JobsOptions, job, never, piecework, task } from '../../src/index.ts'
import type { FindBy, Storage } from '../../src/storage/index.ts'

const quiet = { info() {}, warn() {}, error() {} }
const pages = job('pages', { map: () => 1 })
const words = job('words', { map: () => 1, reduce: () => 2 })
const broken = job('broken', { retry: never(), map: () => Promise.reject(new Error('bad page')) })
const sums = task('sums', { run: (_: { input: unknown }) => 3 })

function instance(storage: Storage = memory()) {
  return piecework({ storage, definitions: [pages, words, broken, sums], logger: quiet })
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}

async function idsOf(jobs: AsyncIterable<{ id: string }>): Promise<string[]> {
  return (await all(jobs)).map(({ id }) => id)
}

test('jobs of every definition are listed in the order of their ids, also those of no parts, and neither tasks nor parts', async () => {
  const work = instance()
  expect(await idsOf(work.jobs())).toEqual([])
  await work.add([sums.with(undefined, { id: 'a' }), sums.with(undefined, { id: 'z' })])
  await work.run(words, [], { id: 'd' })
  await work.run(broken, [1], { id: 'b' })
  await work.drain()
  await work.run(pages, [1, 2], { id: 'c', metadata: { who: 'me' } })

  const jobs = await all(work.jobs())
  expect(jobs.map(({ id, name, state, total, remaining }) => [id, name, state, total, remaining])).toEqual([
    ['b', 'broken', 'failed', 1, 0],
    ['c', 'pages', 'mapping', 2, 2],
    ['d', 'words', 'completed', 0, 0],
  ])
  for (const job of jobs) expect(job).toEqual(await work.job(job.id))
})

test('W39 a job whose parts are gone is still listed', async () => {
  const storage = memory()
  const work = instance(storage)
  await work.run(pages, [1, 2], { id: 'j' })
  await work.drain()
  const { rows } = storage.find({ parent: 'j' }, 10)
  expect(rows).toHaveLength(2)
  storage.apply(rows.map((row) => ({ row, next: null })))
  expect(await idsOf(work.jobs())).toEqual(['j'])
})

test('an instance that knows no definition lists them as well', async () => {
  const storage = memory()
  await instance(storage).run(words, [], { id: 'j' })
  expect(await idsOf(piecework({ storage, definitions: [], logger: quiet }).jobs())).toEqual(['j'])
})

test('only those of the states and the names that are asked for', async () => {
  const work = instance()
  await work.run(words, [1], { id: 'a' })
  await work.run(broken, [1], { id: 'b' })
  await work.drain()
  await work.run(words, [1], { id: 'c' })
  expect(await idsOf(work.jobs({ states: ['completed', 'mapping'] }))).toEqual(['a', 'c'])
  expect(await idsOf(work.jobs({ states: [] }))).toEqual([])
  expect(await idsOf(work.jobs({ names: ['broken', 'none'] }))).toEqual(['b'])
  expect(await idsOf(work.jobs({ names: ['words', 'broken'], states: ['failed'] }))).toEqual(['b'])
  // Of a task's name there are no jobs.
  await work.add(sums)
  await work.drain()
  expect(await idsOf(work.jobs({ names: ['sums'] }))).toEqual([])
})

test('B11 all pages are read, each only when it is asked for', async () => {
  const storage = memory()
  const pagesRead: FindBy[] = []
  const counting: Storage = new Proxy(storage, {
    get(target, name) {
      if (name === 'traits') return { ...target.traits, batchMax: 10 }
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: [FindBy]) => {
        if (name === 'find' && 'names' in args[0]) pagesRead.push(args[0])
        return Reflect.apply(value, target, args)
      }
    },
  })
  const work = instance(counting)
  const ids = Array.from({ length: 35 }, (_, index) => `job-${String(index).padStart(2, '0')}`)
  for (const id of ids) await work.run(pages, [], { id })

  const jobs = work.jobs()
  expect((await jobs.next()).value).toMatchObject({ id: 'job-00' })
  expect(pagesRead).toHaveLength(1)
  expect(await idsOf(jobs)).toEqual(ids.slice(1))
  expect(pagesRead.length).toBeGreaterThanOrEqual(4)
})

test('a dispatch is listed by its consumer, without its executions, and those have no numbers', async () => {
  const work = instance()
  const run = await work.dispatch({ items: [{ id: 1 }, { id: 2 }], attribute: 'id', to: sums })
  await work.run(words, [1], { id: 'a' })
  const of = async (options?: JobsOptions) => (await all(work.jobs(options))).map(({ id, name }) => [id, name])
  expect(await of()).toEqual([
    ['a', 'words'],
    ['dispatch.sums', 'sums'],
  ])
  await work.drain()
  expect(await of({ states: ['completed'] })).toHaveLength(2)
  expect(await of({ names: ['sums'] })).toEqual([['dispatch.sums', 'sums']])
  for (const parts of [work.pendingParts(run.id), work.completedParts(run.id)]) {
    await expect(parts.next()).rejects.toThrow('Expected `id` to be that of a job whose parts have numbers')
  }
})

test.each([
  [{ states: 'failed' }, 'Expected `states` to be an array of states, got `"failed"` (string)'],
  [{ states: ['waiting'] }, 'Expected `states` to be only open, mapping'],
  [{ names: 'x' }, 'Expected `names` to be an array of names'],
  [{ names: [5] }, 'Expected `names[0]` to be'],
  [{ name: 'x' }, 'Expected `options` to hold only states, names, after, got `name`'],
])('options such as %o are refused', async (options, message) => {
  await expect(
    instance()
      .jobs(options as JobsOptions)
      .next(),
  ).rejects.toThrow(message)
})
