/** Party's own forms over HTTP: its list of tasks, its back door, its status. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { httpHandler } from '../../src/http/index.ts'
import { task } from '../../src/index.ts'
import { type Ask, byHandler, curlReason, hasCurl, type World, workOf, world, yes } from './kit.ts'

let here: World
beforeEach(async () => {
  here = await world()
})
afterEach(() => here.close())

describe.each(['curl', 'handler'] as const)('by %s', (way) => {
  beforeEach(({ skip }) => skip(way === 'curl' && !hasCurl, curlReason))
  const ask: Ask = (...args) => here.ways[way](...args)

  test("Y8 Party's list is added at once, each for its time, in UTC where it names no zone, and now without one", async () => {
    const data = { arg1: 'val1' }
    const tasks = [
      { party: 'note', data, timestamp: '2014-03-11T05:12:22.086400' },
      { party: 'note', data },
      { party: 'wait', timestamp: '2040-03-11 05:12:22' },
    ]
    const before = Date.now()
    const answer = await ask('POST', '/tasks', { json: { tasks } })
    expect(answer).toMatchObject({
      status: 201,
      body: {
        tasks: [
          {
            party: 'note',
            data,
            timestamp: '2014-03-11T05:12:22.086Z',
            state: 'waiting',
            status: 'added',
            attempts: 0,
          },
          { party: 'note', data, timestamp: expect.any(String) },
          { party: 'wait', timestamp: '2040-03-11T05:12:22.000Z' },
        ],
      },
    })
    const [first, second] = (answer.body as { tasks: { _id: string; timestamp: string }[] }).tasks
    // 24 digits, as Party's.
    expect(first?._id).toMatch(/^[0-9a-z]{24}$/)
    expect(Date.parse(second!.timestamp)).toBeGreaterThanOrEqual(before - 1)
    expect(await here.work.get(first!._id)).toMatchObject({
      name: 'note',
      input: data,
      runAt: Date.UTC(2014, 2, 11, 5, 12, 22, 86),
    })
    expect(await here.work.drain()).toBe(2)
    expect(here.ran).toEqual([data, data])
  })

  test('Y9 Y13 POST /task/:id runs it at once, and what is completed never again', async () => {
    await here.work.add(here.note, 'x', { id: 'mine', delay: '1h' })
    expect(await ask('POST', '/task/mine')).toMatchObject({ status: 200, body: { id: 'mine', state: 'completed' } })
    expect(await ask('POST', '/task/mine')).toMatchObject({ status: 409, body: { error: { code: 'completed' } } })
    expect(await ask('POST', '/task/none')).toMatchObject({ status: 404 })
    expect(here.ran).toEqual(['x'])
  })

  test("Y10 Y18 GET /status?format=party has Party's keys, and says so while no cleanup was added", async () => {
    const empty = await ask('GET', '/status?format=party')
    expect([empty.status, empty.body]).toEqual([
      200,
      {
        recurring: [],
        completed: 'Task Logger unavailable. Please add TaskCleanup to Party',
        failed: [],
        total_workers: 0,
        debug: false,
        undumped: [],
        last_run_on: 'Unavailable',
        pending: [],
        restarted_workers: 'Unavailable',
      },
    ])
    await here.work.add(here.note, 1)
    await here.work.add(here.fail)
    await here.work.drain()
    await here.work.add(here.note, 2, { id: 'late', delay: '2h' })
    await here.work.add(here.note, 3, { id: 'soon', delay: '1h' })
    await here.work.start()
    const full = await ask('GET', '/status?format=party')
    expect(full.body).toMatchObject({
      failed: [{ count: 1, _id: 'fail' }],
      total_workers: 1,
      undumped: [{ count: 1, _id: 'note' }],
      last_run_on: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      pending: [{ count: 2, _id: 'note', upcoming: 'soon' }],
    })
  })
})

test("Party's list, however long, asks for some of its tasks at a time", async () => {
  let [asking, most] = [0, 0]
  const get = here.work.get.bind(here.work)
  vi.spyOn(here.work, 'get').mockImplementation(async (id: string) => {
    most = Math.max(most, ++asking)
    return get(id).finally(() => void asking--)
  })
  const tasks = Array.from({ length: 1_000 }, (_, n) => ({ party: 'note', data: { n } }))
  const { body } = await here.ways.handler('POST', '/tasks', { json: { tasks } })
  expect(most).toBeLessThanOrEqual(50)
  expect((body as { tasks: { data: unknown }[] }).tasks.map(({ data }) => data)).toEqual(tasks.map(({ data }) => data))
})

test('Y3 Y6 Y18 a recurring task that is there already is told for a duplicate, and is the one that was there', async () => {
  const report = task('report', {
    recurring: true,
    run: () => {},
    onComplete: ({ scheduleNextRun }) => void scheduleNextRun({ minutes: 30 }),
  })
  const work = workOf([report])
  const handler = httpHandler(work, yes)
  const tasks = [{ party: 'report', data: { a: 1 } }]
  const add = async () => {
    const { status, body } = await byHandler(handler)('POST', '/tasks', { json: { tasks } })
    return [status, (body as { tasks: Record<string, unknown>[] }).tasks[0]] as const
  }
  const [first, added] = await add()
  expect([first, added?.status, added?.is_recurring]).toEqual([201, 'added', true])
  await work.drain()
  const [second, there] = await add()
  expect([second, there]).toMatchObject([
    200,
    { _id: added?._id, status: 'duplicate', is_recurring: true, last_run_on: expect.stringMatching(/Z$/) },
  ])
  expect((await byHandler(handler)('GET', '/status?format=party')).body).toMatchObject({
    recurring: [{ _id: 'report', schedule: null, timestamp: there?.timestamp }],
    pending: [{ count: 1, _id: 'report', upcoming: added?._id }],
  })
  handler.close()
  await work.close()
})

test('Y18 once the cleanup is scheduled or waits, the status counts what is completed instead', async () => {
  const cleanup = task('sweep', { run: () => {} })
  for (const add of ['schedule', 'task']) {
    const work = workOf([cleanup])
    const handler = httpHandler(work, { ...yes, cleanup: 'sweep' })
    const status = async () => (await byHandler(handler)('GET', '/status?format=party')).body
    expect(await status()).toMatchObject({ completed: 'Task Logger unavailable. Please add TaskCleanup to Party' })
    if (add === 'schedule') await work.schedule(cleanup, { every: '1h' })
    else await work.add(cleanup, undefined, { delay: '1h' })
    expect(await status()).toMatchObject({ completed: [] })
    if (add === 'schedule') {
      expect(await status()).toMatchObject({
        recurring: [{ _id: 'sweep', schedule: 'sweep', timestamp: expect.stringMatching(/Z$/) }],
      })
    }
    handler.close()
    await work.close()
  }
})
