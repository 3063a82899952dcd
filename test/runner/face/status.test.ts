/** `status` and `explain`: how much there is of what, and why one task is where it is, for a person to read. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { FatalError, job, task } from '../../../src/index.ts'
import { gate, kit, onEachStorage } from './kit.ts'

onEachStorage('status counts tasks by definition and state, and says what this process does', async (storage) => {
  const door = gate()
  const long = task('long', { run: () => door.opened })
  const unused = task('unused', { run: () => {} })
  const { work, clock } = kit([long, unused], { storage })
  expect(await work.status()).toEqual({
    tasks: { long: {}, unused: {} },
    jobs: {},
    parts: {},
    capped: false,
    paused: [],
    worker: { running: false, held: 0, threads: 0 },
  })
  await work.start()
  const [first] = await work.add([
    long.with(),
    long.with(undefined, { delay: '1h' }),
    long.with(undefined, { hold: true }),
  ])
  await clock.settle()
  expect(await work.status()).toMatchObject({
    tasks: { long: { running: 1, waiting: 1, held: 1 }, unused: {} },
    worker: { running: true, held: 1, threads: 0 },
  })
  door.open()
  await clock.settle()
  await work.cancel((await work.add(long, undefined, { delay: '1h' })).id)
  expect(await work.status()).toMatchObject({
    tasks: { long: { completed: 1, waiting: 1, held: 1, cancelled: 1 } },
    worker: { running: true, held: 0, threads: 0 },
  })
  expect((await work.get(first!.id))?.state).toBe('completed')
  await work.stop()
})

test('status has definitions whose names are those of what every object has', async () => {
  const names = ['constructor', 'toString', '__proto__']
  const { work } = kit(names.map((name) => task(name, { run: () => {} })))
  expect(Object.entries((await work.status()).tasks)).toEqual(names.map((name) => [name, {}]))
})

test('P-ISOLATE status leaves out definitions of other processes', async () => {
  const mine = task('mine', { run: () => {} })
  const theirs = task('theirs', { run: () => {} })
  const { work, storage, clock } = kit([mine])
  const { work: other } = kit([theirs], { storage, clock })
  await other.add(theirs)
  expect((await work.status()).tasks).toEqual({ mine: {} })
  expect(await work.drain()).toBe(0)
  expect((await other.status()).tasks).toEqual({ theirs: { waiting: 1 } })
})

onEachStorage(
  'status({ all: true }) counts what others have as well, and names all that is paused',
  async (storage) => {
    const mine = task('mine', { run: () => {} })
    const theirs = task('the/irs', { run: () => {} })
    const pages = job('pages', { map: () => 1 })
    const empty = job('empty', { map: () => 1 })
    const { work: other, clock } = kit([theirs, pages, empty], { storage })
    const { work } = kit([mine], { storage, clock })
    await other.add(theirs)
    await other.run(empty, [])
    await other.drain()
    await other.run(pages, [1, 2])
    await other.schedule(theirs, { name: 'hourly', every: '1h' })
    await other.pause(theirs)
    const all = await work.status({ all: true })
    expect(all).toMatchObject({
      tasks: { mine: {}, 'the/irs': { completed: 1 } },
      jobs: { empty: { completed: 1 }, pages: { mapping: 1 } },
      parts: { pages: { waiting: 2 } },
      capped: false,
      paused: ['the/irs'],
    })
    expect([Object.keys(all.tasks), Object.keys(all.jobs)]).toEqual([
      ['mine', 'the/irs'],
      ['empty', 'pages'],
    ])
    expect(await work.status()).toMatchObject({ tasks: { mine: {} }, jobs: {}, paused: [] })
    const { id } = await other.add(theirs)
    expect(await work.explain(id)).toMatch(/Its definition is paused\.$/)
    await expect(work.status({ all: 1 as never })).rejects.toThrow('Expected `all` to be')
  },
)

describe('explain', () => {
  const door = gate()
  const echo = task('echo', { run: () => 1 })
  const nice = task('nice', { run: () => Promise.reject(new FatalError('The file is gone.')) })
  const fails = task('fails', { run: () => Promise.reject(new Error('connect ECONNREFUSED')) })
  const long = task('long', { run: () => door.opened })
  const definitions = [echo, nice, fails, long]
  const idle = 'This process runs no tasks: it was not started, or it was stopped.'

  test('a task that is held', async () => {
    const { work } = kit(definitions)
    const { id } = await work.add(echo, undefined, { hold: true })
    expect(await work.explain(id)).toBe(`Task ${id} (echo) is held: it does not become due until it is released.`)
  })

  test('a task that is due, or will be, where nobody works', async () => {
    const { work, clock } = kit(definitions)
    const due = await work.add(echo, undefined, { priority: 3 })
    const later = await work.add(echo, undefined, { delay: '90m' })
    await clock.tick('2m')
    expect(await work.explain(due.id)).toBe(`Task ${due.id} (echo) has been due for 2m, with priority 3. ${idle}`)
    expect(await work.explain(later.id)).toBe(
      `Task ${later.id} (echo) waits; it is due in 1h, at 2026-01-01T01:30:00.000Z. ${idle}`,
    )
  })

  test('a task whose definition is paused, or is not known here', async () => {
    const { work, storage, clock } = kit(definitions)
    const { work: other } = kit([nice], { storage, clock })
    await work.start()
    await work.pause(echo)
    const { id } = await work.add(echo)
    expect(await work.explain(id)).toBe(
      `Task ${id} (echo) has been due for 0ms, with priority 5. Its definition is paused.`,
    )
    expect(await other.explain(id)).toContain(
      'This process does not have its definition and will not run it. Its definition is paused.',
    )
    await work.stop()
  })

  test('a task that waits to be tried again, and one that failed', async () => {
    const { work, clock } = kit(definitions)
    const { id } = await work.add(fails)
    const final = await work.add(nice)
    await work.drain()
    expect(await work.explain(id)).toBe(
      `Task ${id} (fails) waits; it is due in 10s, at 2026-01-01T00:00:10.000Z. Attempts so far: 1. ` +
        `Last error, at attempt 1: Error: connect ECONNREFUSED. ${idle}`,
    )
    await clock.tick('5m')
    expect(await work.explain(final.id)).toBe(
      `Task ${final.id} (nice) failed 5m ago: its handler said that it must not be tried again. ` +
        'Attempts so far: 1. Last error, at attempt 1: FatalError: The file is gone.',
    )
  })

  test('a task that runs, whose lease ends, and that completed or was cancelled', async () => {
    const { work, clock, storage } = kit(definitions)
    await work.start()
    const { id } = await work.add(long)
    await clock.settle()
    expect(await work.explain(id)).toMatch(
      /^Task \w+ \(long\) is run by root@\S+#\d+, whose lease lasts another 30s\. Attempts so far: 1\.$/,
    )
    const vanished = await work.add(long, undefined, { delay: '1h' })
    await clock.tick('1h')
    const [row] = await storage.get([vanished.id])
    await storage.extend([row!], clock.now() - 60_000)
    expect(await work.explain(vanished.id)).toMatch(
      /was run by \S+, whose lease ended 1m ago: the next worker takes it/,
    )
    door.open()
    await clock.tick('2s')
    expect(await work.explain(id)).toMatch(/^Task \w+ \(long\) was completed \d+s ago\. Attempts so far: 1\.$/)
    const gone = await work.add(long, undefined, { delay: '1h' })
    await work.cancel(gone.id)
    expect(await work.explain(gone.id)).toBe(`Task ${gone.id} (long) was cancelled 0ms ago.`)
    await work.stop()
  })

  test('a task that does not exist', async () => {
    const { work } = kit(definitions, { storage: memory() })
    await expect(work.explain('nobody')).rejects.toThrow('No task has the id nobody')
  })
})
