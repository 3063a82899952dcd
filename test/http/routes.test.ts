/** Each route, by curl over a socket and by a call of the handler. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Ask, curlReason, hasCurl, type World, world } from './kit.ts'

let here: World
beforeEach(async () => {
  here = await world()
})
afterEach(() => here.close())

describe.each(['curl', 'handler'] as const)('by %s', (way) => {
  beforeEach(({ skip }) => skip(way === 'curl' && !hasCurl, curlReason))
  const ask: Ask = (...args) => here.ways[way](...args)
  const add = (...tasks: object[]) => ask('POST', '/tasks', { json: { tasks } })

  test('POST /tasks adds several with their options, and says which were there before', async () => {
    const soon = { name: 'note', input: [1], id: 'soon', delay: '5m', priority: 2, key: 'k' }
    const at = { name: 'note', id: 'at', at: '2030-01-31T09:00:00+02:00', hold: true }
    expect(await add(soon, at)).toMatchObject({
      status: 201,
      body: {
        tasks: [
          { id: 'soon', status: 'added' },
          { id: 'at', status: 'added' },
        ],
      },
    })
    expect(await here.work.get('soon')).toMatchObject({ state: 'waiting', input: [1], priority: 2, key: 'k' })
    expect(await here.work.get('at')).toMatchObject({ state: 'held', runAt: Date.UTC(2030, 0, 31, 7) })
    expect(await add(soon)).toMatchObject({ status: 200, body: { tasks: [{ id: 'soon', status: 'duplicate' }] } })
  })

  test.each([
    ['a name that is not defined', { name: 'nobody' }, 'not_defined'],
    ['the name of a job', { name: 'pages' }, 'not_defined'],
    ['no name', { input: 1 }, 'bad_request'],
    ['an option that there is not', { name: 'note', prioritty: 1 }, 'bad_request'],
    ['an option out of its bounds', { name: 'note', priority: 11 }, 'bad_request'],
    ['an id with a slash', { name: 'note', id: '../etc' }, 'bad_request'],
    ['a day that there is not', { name: 'note', at: '2030-02-30' }, 'bad_request'],
    ['a time in seconds', { name: 'note', at: 1_700_000_000 }, 'bad_request'],
    ['null', null, 'bad_request'],
    ['a list', [], 'bad_request'],
    ['a party that is no text', { party: { $gt: '' } }, 'bad_request'],
    ['data that is no object', { party: 'note', data: 'x' }, 'bad_request'],
  ])('Y8 POST /tasks refuses %s, and then none of its tasks is added', async (_, entry, code) => {
    const answer = await ask('POST', '/tasks', { json: { tasks: [{ name: 'note', id: 'first' }, entry] } })
    expect(answer).toMatchObject({ status: 400, body: { error: { code, message: expect.any(String) } } })
    expect(await here.work.get('first')).toBe(undefined)
    expect((await here.work.status()).tasks.note).toEqual({})
  })

  test('POST /tasks refuses a body of another form', async () => {
    for (const json of [{}, [], 1, { tasks: {} }, { tasks: [] }, { tasks: [{ name: 'note' }], more: 1 }]) {
      expect(await ask('POST', '/tasks', { json })).toMatchObject({ status: 400, body: { error: {} } })
    }
  })

  test('GET /tasks/:id tells of a task and of a part, and 404 of what there is not', async () => {
    await here.work.add(here.note, 7, { id: 'one' })
    await here.work.run(here.pages, [1, 2], { id: 'book' })
    expect(await ask('GET', '/tasks/one')).toMatchObject({
      status: 200,
      body: { id: 'one', state: 'waiting', input: 7 },
    })
    expect(await ask('GET', '/tasks/book%2F1')).toMatchObject({ status: 200, body: { jobId: 'book', index: 1 } })
    for (const id of ['none', 'book', 'book%2F9']) {
      expect(await ask('GET', `/tasks/${id}`)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
    }
  })

  test('Y9 POST /tasks/:id/run runs it at once, before its time and whatever else waits, and answers when it has ended', async () => {
    await here.work.add(here.note, 'first')
    await here.work.add(here.note, 'mine', { id: 'mine', delay: '1h', priority: 9 })
    const answer = await ask('POST', '/tasks/mine/run')
    expect(answer).toMatchObject({ status: 200, body: { state: 'completed', result: { got: 'mine' }, attempts: 1 } })
    expect(here.ran).toEqual(['mine'])
  })

  test('Y13 what is completed, held, cancelled, failed or removed is not run', async () => {
    await here.work.add(here.note, 1, { id: 'done' })
    await here.work.drain()
    await here.work.add(here.note, 2, { id: 'held', hold: true })
    await here.work.add(here.note, 3, { id: 'off' })
    await here.work.cancel('off')
    await here.work.add(here.fail, undefined, { id: 'failed' })
    expect(await ask('POST', '/tasks/failed/run')).toMatchObject({ status: 200, body: { state: 'failed' } })
    for (const [id, code] of [
      ['done', 'completed'],
      ['held', 'held'],
      ['off', 'cancelled'],
      ['failed', 'failed'],
    ]) {
      expect(await ask('POST', `/tasks/${id}/run`)).toMatchObject({ status: 409, body: { error: { code } } })
    }
    expect(await ask('DELETE', '/tasks/held')).toMatchObject({ status: 200, body: { id: 'held', removed: true } })
    expect(await ask('POST', '/tasks/held/run')).toMatchObject({ status: 404 })
    expect(await ask('POST', '/tasks/held/retry')).toMatchObject({ status: 404 })
    expect(here.ran).toEqual([1])
  })

  test('cancel, retry and DELETE do what the calls do, and answer 409 where there is nothing to do', async () => {
    await here.work.add(here.note, 1, { id: 'a' })
    expect(await ask('POST', '/tasks/a/cancel')).toMatchObject({ status: 200, body: { id: 'a', cancelled: true } })
    expect(await ask('POST', '/tasks/a/cancel')).toMatchObject({
      status: 409,
      body: { error: { code: 'not_cancelled' } },
    })
    expect(await ask('POST', '/tasks/a/retry')).toMatchObject({ status: 200, body: { id: 'a', retried: true } })
    await here.work.drain()
    expect(await ask('POST', '/tasks/a/retry')).toMatchObject({ status: 409, body: { error: { code: 'not_retried' } } })
    expect(await ask('DELETE', '/tasks/a')).toMatchObject({ status: 200, body: { id: 'a', removed: true } })
    for (const [method, path] of [
      ['POST', 'a/cancel'],
      ['POST', 'a/retry'],
      ['DELETE', 'a'],
    ] as const) {
      expect(await ask(method, `/tasks/${path}`)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
    }
  })

  test('DELETE leaves a task that runs, and a part', async () => {
    await here.work.add(here.wait, undefined, { id: 'long' })
    await here.work.run(here.pages, [1], { id: 'book' })
    await here.work.start()
    await expect.poll(async () => (await here.work.get('long'))?.state).toBe('running')
    expect(await ask('DELETE', '/tasks/long')).toMatchObject({ status: 409, body: { error: { code: 'not_removed' } } })
    expect(await ask('POST', '/tasks/long/run')).toMatchObject({ status: 409, body: { error: { code: 'running' } } })
    expect(await ask('DELETE', '/tasks/book%2F00000000')).toMatchObject({ status: 400 })
    expect(await ask('POST', '/tasks/book%2F00000000/run')).toMatchObject({ status: 400 })
    here.open()
    await expect.poll(async () => (await here.work.get('long'))?.state).toBe('completed')
  })

  test('HT-10 GET /jobs pages through all, and its page size is clamped whatever it is said to be', async () => {
    for (const id of ['a', 'b', 'c']) await here.work.run(here.pages, [1], { id })
    await here.work.cancel('b')
    expect(await ask('GET', '/jobs?limit=2')).toMatchObject({ body: { jobs: [{ id: 'a' }, { id: 'b' }], next: 'b' } })
    const rest = await ask('GET', '/jobs?limit=2&after=b')
    expect(rest).toMatchObject({ status: 200, body: { jobs: [{ id: 'c', percent: 0 }], next: null } })
    const off = await ask('GET', '/jobs?state=cancelled&state=failed&name=pages')
    expect(off).toMatchObject({ body: { jobs: [{ id: 'b' }], next: null } })
    const sizes = { '0': 1, '-5': 1, '1e9': 3, NaN: 3, x: 3, '1.9': 1, '': 1, Infinity: 3 }
    for (const [limit, size] of Object.entries(sizes)) {
      const { status, body } = await ask('GET', `/jobs?limit=${limit}`)
      expect([limit, status, (body as { jobs: object[] }).jobs.length]).toEqual([limit, 200, size])
    }
  })

  test('HT-07 what is asked for is text of few and short values, and nothing that is not known', async () => {
    const bad = ['state[$ne]=x', 'state=huh', 'limit[]=1', `name=${'x'.repeat(300)}`, 'name=%00', 'after=%E2%82%AC']
    const many = Array.from({ length: 101 }, () => 'name=pages').join('&')
    for (const query of [...bad, many]) {
      expect(await ask('GET', `/jobs?${query}`)).toMatchObject({
        status: 400,
        body: { error: { code: 'bad_request' } },
      })
    }
  })

  test('GET /jobs/:id tells of a job, and 404 of what there is not', async () => {
    await here.work.run(here.pages, [1, 2], { id: 'book', metadata: { who: 'me' } })
    await here.work.drain()
    expect(await ask('GET', '/jobs/book')).toMatchObject({
      body: { state: 'completed', result: { total: 2 }, percent: 100 },
    })
    expect(await ask('GET', '/jobs/none')).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
  })

  test('GET /status gives what the call gives', async () => {
    await here.work.add(here.note, 1)
    const { status, body } = await ask('GET', '/status')
    expect([status, body]).toEqual([200, JSON.parse(JSON.stringify(await here.work.status()))])
    expect(await ask('GET', '/status?format=xml')).toMatchObject({ status: 400 })
  })

  test('GET /schedules pages through all by name', async () => {
    for (const name of ['b', 'a', 'c']) await here.work.schedule(here.note, { name, every: '1h' })
    const first = await ask('GET', '/schedules?limit=2')
    expect(first).toMatchObject({ body: { schedules: [{ name: 'a', task: 'note' }, { name: 'b' }], next: 'b' } })
    const rest = await ask('GET', '/schedules?after=b')
    expect(rest).toMatchObject({ body: { schedules: [{ name: 'c', nextAt: expect.any(Number) }], next: null } })
  })

  test('what there is not is 404, and another method 405', async () => {
    for (const path of ['/', '/task', '/tasks/a/b/c', '/tasks//run', '/..%2f..%2fetc/passwd', '/tasks/a/explode']) {
      expect(await ask('GET', path)).toMatchObject({ status: 404, body: { error: { code: expect.any(String) } } })
    }
    for (const [method, path] of [
      ['GET', '/tasks'],
      ['PUT', '/tasks/a'],
      ['GET', '/tasks/a/run'],
      ['GET', '/tasks/a/cancel'],
      ['DELETE', '/jobs/a'],
      ['POST', '/status'],
      ['PATCH', '/metrics'],
      ['OPTIONS', '/tasks'],
      ['POST', '/openapi.json'],
      // `fetch` makes no request of it: only over a socket does one come.
      ...(way === 'curl' ? [['TRACE', '/status'] as const] : []),
    ] as const) {
      const answer = await ask(method, path)
      expect([method, path, answer.status]).toEqual([method, path, 405])
      expect(answer.body).toMatchObject({ error: { code: 'method_not_allowed' } })
    }
  })

  test('HEAD is answered as GET without a body, of the stream of events too', async () => {
    for (const path of ['/status', '/metrics', '/events', '/jobs']) {
      expect(await ask('HEAD', path)).toMatchObject({ status: 200, text: '' })
    }
    expect(await ask('HEAD', '/jobs/none')).toMatchObject({ status: 404, text: '' })
  })
})
