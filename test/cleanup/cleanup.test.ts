/** `cleanup`: a task that purges by each definition's own time, to files or to the archive, every hour. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { cleanup } from '../../src/cleanup/index.ts'
import { FatalError, type JobInfo, job, type PieceworkOptions, type TaskInfo, task } from '../../src/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { kit, onEachStorage, rowsIn } from '../runner/face/kit.ts'
import { freshFolder, idsOf, linesIn } from './files.ts'

const echo = task('echo', { run: ({ input }) => input })
const nice = task('nice', { run: () => Promise.reject(new FatalError('no')) })
const index = job('index', {
  map: async ({ part, emit }: { part: number; emit: (item: unknown) => Promise<void> }) => {
    await emit({ part })
    return part * 2
  },
  reduce: ({ total }) => total,
})

async function clean(definition: ReturnType<typeof cleanup>, set: ReturnType<typeof kit>) {
  const { id } = await set.work.add(definition)
  await set.work.drain()
  return (await set.work.get(id))!
}

describe('a cleanup', () => {
  test('Y14 runs every hour by its schedule, in one process of several, and takes its own tasks too', async () => {
    const folder = freshFolder()
    const cleaning = cleanup({ every: '1h', olderThan: '30m', folder })
    const { work, clock, storage } = kit([echo, cleaning])
    const other = kit([echo, cleaning], { storage, clock }).work
    expect(cleaning.schedule).toEqual({ every: 3_600_000, overlap: 'skip' })
    await work.schedule(cleaning, cleaning.schedule)
    await Promise.all([work.start(), other.start()])
    let cleanings = 0
    for (const each of [work, other]) {
      each.on('completed', ({ name }) => {
        if (name === 'cleanup') cleanings++
      })
    }
    const { id: early } = await work.add(echo, 'early')
    await clock.tick('40m')
    const { id: late } = await work.add(echo, 'late')
    await clock.tick('21m')
    // Files answer when they like, whatever the clock says.
    await expect.poll(() => idsOf(linesIn(folder, 'completed'))).toEqual([early])
    await expect.poll(() => cleanings).toBe(1)
    expect(await work.get(early)).toBeUndefined()
    expect((await work.get(late))?.state).toBe('completed')
    await clock.tick('60m')
    await expect.poll(() => cleanings).toBe(2)
    const lines = linesIn(folder, 'completed')
    expect(lines.map(({ name }) => name)).toEqual(['echo', 'echo', 'cleanup'].sort((a) => (a === 'echo' ? -1 : 1)))
    await Promise.all([work.stop(), other.stop()])
  })

  test('Y14 runs every hour once it was added, without a schedule, if it is told to recur', async () => {
    const cleaning = cleanup({ recurring: true, olderThan: '30m', name: 'TaskCleanup' })
    const { work, clock } = kit([echo, cleaning])
    const { id } = await work.add(cleaning)
    expect(await work.add(cleaning)).toEqual({ id, status: 'duplicate' })
    await expect(work.schedule(cleaning, cleaning.schedule)).rejects.toThrow(/does not recur by itself/)
    const results: unknown[] = []
    work.on('completed', (event) => event.id === id && results.push(event.result))
    await work.start()
    for (let hour = 0; hour < 3; hour++) {
      await work.add(echo, hour)
      await clock.tick('61m')
    }
    const counts = results.map((result) => (result as { completed: number }).completed)
    expect(counts).toEqual([0, 1, 1, 1])
    expect(await work.get(id)).toMatchObject({ state: 'waiting', attempts: 0 })
    expect(() => cleanup({ recurring: 1 as never })).toThrow('`recurring`')
    await work.stop()
  })

  onEachStorage(
    'goes by the retention of each definition, by state, and by its own time for the others',
    async (storage) => {
      const short = task('short', { run: ({ input }) => input, retention: '1m' })
      const split = task<string>('split', {
        run: ({ input }) => (input === 'bad' ? Promise.reject(new FatalError('no')) : input),
        retention: { completed: '1h', failed: '3h' },
      })
      const pages = job('pages', { map: ({ part }: { part: number }) => part, retention: '2h' })
      const cleaning = cleanup({ olderThan: '90m' })
      const set = kit([short, split, pages, echo, cleaning], { storage })
      const { work, clock } = set
      const left = async () => {
        const { tasks, jobs } = await work.status()
        return { short: tasks.short, split: tasks.split, echo: tasks.echo, pages: jobs.pages }
      }
      await work.add([short.with(1), split.with('good'), split.with('bad'), echo.with(1)])
      const { id: cancelled } = await work.add(split, 'x', { hold: true })
      await work.cancel(cancelled)
      await work.run(pages, [1, 2])
      await work.drain()
      const all = { short: { completed: 1 }, split: { completed: 1, failed: 1, cancelled: 1 }, echo: { completed: 1 } }
      await clean(cleaning, set)
      expect(await left()).toEqual({ ...all, pages: { completed: 1 } })
      await clock.tick('61m')
      expect((await clean(cleaning, set)).result).toEqual({ completed: 2, failed: 0, cancelled: 0, keptIn: 'archive' })
      expect(await left()).toEqual({
        short: {},
        split: { failed: 1, cancelled: 1 },
        echo: { completed: 1 },
        pages: { completed: 1 },
      })
      await clock.tick('60m')
      // The first two cleanups among them.
      expect((await clean(cleaning, set)).result).toEqual({ completed: 3, failed: 0, cancelled: 1, keptIn: 'archive' })
      expect(await left()).toEqual({ short: {}, split: { failed: 1 }, echo: {}, pages: {} })
      expect((await work.status()).parts.pages).toEqual({})
      await clock.tick('60m')
      expect((await clean(cleaning, set)).result).toMatchObject({ failed: 1 })
    },
  )

  test('takes only the states that it was told, and what is wrong with its options is told at once', async () => {
    const cleaning = cleanup({ olderThan: 0, states: ['failed'], folder: freshFolder() })
    const set = kit([echo, nice, cleaning])
    await set.work.add([echo.with(1), nice.with(1)])
    await set.work.drain()
    expect((await clean(cleaning, set)).result).toEqual({ failed: 1, keptIn: 'files' })
    expect((await set.work.status()).tasks).toMatchObject({ echo: { completed: 1 }, nice: {} })
    expect(() => cleanup({ olderThan: -1 })).toThrow('`olderThan`')
    expect(() => cleanup({ every: '10ms' })).toThrow('`every`')
    expect(() => cleanup({ states: ['waiting'] as never })).toThrow('`states`')
    expect(() => cleanup({ maxFiles: 5 })).toThrow('only beside `folder`')
    expect(() => cleanup({ folder: '' })).toThrow('`folder`')
    expect(() => cleanup({ path: 'x' } as never)).toThrow('got `path`')
    expect(() => task('x', { run: () => {}, retention: { done: '1d' } as never })).toThrow('`retention` to hold only')
    expect(() => task('x', { run: () => {}, retention: 'soon' as never })).toThrow('`retention`')
    expect(() => job('x', { map: () => {}, retention: { failed: -1 } })).toThrow('`retention.failed`')
  })
})

describe('without a folder that can be written to', () => {
  onEachStorage(
    "Y15 all of it moves to the archive, is in nobody's way there, and goes from there when told",
    async (storage) => {
      const cleaning = cleanup({ olderThan: 0, name: 'tidy' })
      const set = kit([echo, nice, index, cleaning], { storage })
      const { work, clock } = set
      const [first] = await work.add([echo.with({ a: 1 }), nice.with(2)])
      await work.run(index, [1, 2, 3], { id: 'nightly', metadata: 'x' })
      await work.drain()
      const before = await rowsIn(storage)
      expect((await clean(cleaning, set)).result).toEqual({ completed: 2, failed: 1, cancelled: 0, keptIn: 'archive' })
      // All that there was, the parts and their items with it, and the cleanup itself.
      expect(await rowsIn(storage)).toBe(before + 1)
      expect((await work.status()).tasks).toMatchObject({ echo: {}, nice: {}, tidy: { completed: 1 } })
      for (const id of [first!.id, 'nightly', 'nightly/0']) expect(await work.get(id)).toBeUndefined()
      for await (const each of work.jobs()) expect(each).toBeUndefined()
      expect(await work.drain()).toBe(0)
      expect(await work.purge({ names: ['tidy'] })).toEqual({ completed: 1, failed: 0, cancelled: 0 })

      // The ids are free again, and what is archived under them later lies beside what is there.
      await clock.tick('1m')
      await work.add(echo, 'again', { id: first!.id })
      await work.drain()
      await clean(cleaning, set)

      const tasks: TaskInfo[] = []
      const jobs: JobInfo[] = []
      const parts: TaskInfo[] = []
      const sink = async (
        page: readonly TaskInfo[],
        ended: readonly JobInfo[],
        partsOf: (one: JobInfo) => AsyncIterable<TaskInfo>,
      ) => {
        tasks.push(...page)
        jobs.push(...ended)
        for (const one of ended) for await (const part of partsOf(one)) parts.push(part)
      }
      expect(await work.purge({ archived: true, olderThan: '1h', sink })).toEqual({
        completed: 0,
        failed: 0,
        cancelled: 0,
      })
      expect(await work.purge({ archived: true, states: ['failed'], sink })).toEqual({ failed: 1 })
      expect(await work.purge({ archived: true, names: ['echo', 'index'], sink })).toMatchObject({ completed: 3 })
      expect(tasks.map(({ name, id, state, input }) => ({ name, id: id === first!.id, state, input }))).toEqual([
        { name: 'nice', id: false, state: 'failed', input: 2 },
        { name: 'echo', id: true, state: 'completed', input: { a: 1 } },
        { name: 'echo', id: true, state: 'completed', input: 'again' },
      ])
      expect(jobs).toMatchObject([{ id: 'nightly', name: 'index', state: 'completed', metadata: 'x', result: 3 }])
      expect(parts.map(({ id, jobId, name, index, result }) => [id, jobId, name, index, result])).toEqual(
        [0, 1, 2].map((n) => [`nightly/0000000${n}`, 'nightly', 'index', n, 2 * (n + 1)]),
      )
      expect(await work.purge({ names: ['tidy'] })).toMatchObject({ completed: 1 })
      expect(await rowsIn(storage)).toBe(0)
    },
  )

  onEachStorage(
    'the copy and the removal may be made again: a cleanup that dies between them loses and doubles nothing',
    async (storage) => {
      const set = kit([echo, index], { storage })
      await set.work.add(Array.from({ length: 5 }, (_, n) => echo.with(n)))
      await set.work.run(index, [1, 2, 3], { id: 'nightly' })
      await set.work.drain()
      const rows = await rowsIn(storage)
      const cleaning = cleanup({ olderThan: 0 })
      const definitions: PieceworkOptions['definitions'] = [echo, index, cleaning]
      // Each write of a cleanup is the last once: it fails, and so does all that comes after it.
      let rounds = 0
      for (let last = 1; ; last++) {
        const { storage: dying, died } = deadAfter(storage, last)
        const round = kit(definitions, { storage: dying, clock: set.clock })
        const { id } = await round.work.add(cleaning)
        await round.work.runNext()
        rounds++
        if (!died()) break
        await storage.apply([{ row: (await storage.get([id]))[0]!, next: null }])
        await set.clock.tick('1m')
      }
      console.log(`${rounds} rounds`)
      expect(rounds).toBeGreaterThan(6)
      const { counts } = await storage.count({ upTo: 1_000 })
      const archived = Object.entries(counts).filter(([name]) => name.startsWith('~archive'))
      expect(Object.keys(counts)).toHaveLength(archived.length + 1)
      expect(counts['~archive echo']).toEqual({ archived_completed: 5 })
      expect(counts['~archive index']).toEqual({ archived_completed: 1 })
      expect(await rowsIn(storage)).toBe(rows + 1)
      // Whoever knows the ids of the archive finds nothing by them, and changes nothing.
      const [job] = (await storage.find({ names: ['~archive index'] }, 1)).rows
      expect(await set.work.get(job!.id)).toBeUndefined()
      for (const verb of ['job', 'cancel', 'retry', 'explain', 'remove', 'runTask'] as const) {
        await expect(set.work[verb](job!.id)).rejects.toMatchObject({ code: 'not_found' })
      }
    },
  )

  test.each([
    ['a file', (place: string) => writeFileSync(place, '')],
    ['under a file', (place: string) => writeFileSync(join(place, '..'), '')],
  ])('Y15 a path that is %s is as good as none, and is told', async (_, make) => {
    const place = join(freshFolder(), 'x', 'y')
    mkdirSync(join(place, '..', '..'), { recursive: true })
    if (_ === 'a file') mkdirSync(join(place, '..'))
    make(place)
    const cleaning = cleanup({ olderThan: 0, folder: place })
    const set = kit([echo, cleaning])
    await set.work.add(echo, 1)
    await set.work.drain()
    expect((await clean(cleaning, set)).result).toEqual({ completed: 1, failed: 0, cancelled: 0, keptIn: 'archive' })
    expect(set.lines).toEqual([
      expect.stringMatching(/^warn What is done goes to the archive in the storage, not to files: E/),
    ])
  })

  test('Y15 a folder without rights is as good as none', () => {
    const folder = join(freshFolder(), 'locked')
    mkdirSync(folder)
    chmodSync(folder, 0o555)
    const script = fileURLToPath(new URL('./no-rights.ts', import.meta.url))
    const told = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', script, folder], {
      encoding: 'utf8',
    })
    expect(JSON.parse(told)).toEqual({
      lines: [expect.stringContaining('EACCES')],
      result: { completed: 1, failed: 0, cancelled: 0, keptIn: 'archive' },
      archived: { completed: 1, failed: 0, cancelled: 0 },
    })
  })

  test('files that fail later fail the attempt, and nothing is removed', async () => {
    const folder = freshFolder()
    const cleaning = cleanup({ olderThan: 0, folder })
    const set = kit([echo, cleaning], {
      storage: withBefore(memory(), () => mkdirSync(join(folder, 'completed.ndjson'), { recursive: true })),
    })
    await set.work.add(echo, 1)
    await set.work.drain()
    expect(await clean(cleaning, set)).toMatchObject({
      state: 'waiting',
      errors: [{ message: expect.stringContaining('no plain file') }],
    })
    expect((await set.work.status()).tasks.echo).toEqual({ completed: 1 })
  })
})

/** The same storage, all of whose inserts and applies fail from the nth insert of an archived row, or removal, on. */
function deadAfter(storage: Storage, last: number): { storage: Storage; died: () => boolean } {
  let writes = 0
  const isCleanup = (rows: readonly { readonly name: string }[]) => rows.every(({ name }) => name === 'cleanup')
  const guard = (rows: readonly { readonly name: string }[]) => {
    if (!isCleanup(rows) && ++writes > last) throw new Error('dead')
  }
  const dying: Partial<Storage> = {
    insert: (rows) => {
      guard(rows)
      return storage.insert(rows)
    },
    apply: (changes) => {
      guard(changes.map(({ row }) => row))
      return storage.apply(changes)
    },
  }
  return { storage: Object.assign(Object.create(storage) as Storage, dying), died: () => writes > last }
}

/** The same storage, before whose search for what is done something happens. */
function withBefore(storage: Storage, happens: () => void): Storage {
  const find: Storage['find'] = (by, limit) => {
    if ('doneBefore' in by) happens()
    return storage.find(by, limit)
  }
  return Object.assign(Object.create(storage) as Storage, { find })
}
