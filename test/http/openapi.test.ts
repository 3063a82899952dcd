/** The OpenAPI document against the routes that there are, and against what they answer. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { makeApp } from '../../src/http/app.ts'
import { Hub } from '../../src/http/hub.ts'
import { checkHttpOptions } from '../../src/http/options.ts'
import { type Answer, type Asked, type World, workOf, world } from './kit.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

interface Operation {
  readonly summary: string
  readonly parameters?: { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Json } } }
  readonly responses: Record<
    string,
    { readonly description: string; readonly content: Record<string, { readonly schema: Json }> }
  >
}

interface Document {
  readonly openapi: string
  readonly info: object
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Record<string, Json> }
}

let here: World
let document: Document
beforeEach(async () => {
  here = await world()
  document = (await here.ways.handler('GET', '/openapi.json')).body as Document
})
afterEach(() => here.close())

/** A schema with what it refers to in its place, as a check. */
function checkOf(schema: Json) {
  const resolved = (one: Json): Json => {
    if (Array.isArray(one)) return one.map(resolved)
    if (typeof one !== 'object' || one === null) return one
    if (typeof one.$ref === 'string') {
      const found = document.components.schemas[one.$ref.replace('#/components/schemas/', '')]
      if (found === undefined) throw new Error(`nothing at ${one.$ref}`)
      return resolved(found)
    }
    return Object.fromEntries(Object.entries(one).map(([key, value]) => [key, resolved(value)]))
  }
  return z.fromJSONSchema(resolved(schema) as Parameters<typeof z.fromJSONSchema>[0])
}

describe('the document', () => {
  test('has every route that there is, and no other', () => {
    const work = workOf([])
    const hub = new Hub(work, 1_000)
    const app = makeApp({ work, hub, options: checkHttpOptions(work, {}) })
    hub.close()
    // `ALL` is the guard, and the 405 of each path.
    const real = app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`)
    const told = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    )
    expect(told.sort()).toEqual([...new Set(real)].sort())
    expect(real).toHaveLength(14)
  })

  test('each operation has its parameters, its words, and a form for each answer', () => {
    expect(document.openapi).toBe('3.1.0')
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const { summary, parameters = [], responses } of Object.values(operations)) {
        expect(summary).toMatch(/^[A-Z].+\.$/)
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
        expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(inPath)
        expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '403', '503']))
        for (const { description, content } of Object.values(responses)) {
          expect(description).toMatch(/./)
          for (const { schema } of Object.values(content)) checkOf(schema)
        }
      }
    }
  })
})

describe('what is answered', () => {
  /** Asks, and holds the answer to what the document says of this route and status. */
  async function ask(method: string, path: string, real: string, asked: Asked = {}): Promise<Answer> {
    const operation = document.paths[path]?.[method.toLowerCase()]
    if (!operation) throw new Error(`no ${method} ${path}`)
    if (asked.json !== undefined) {
      checkOf(operation.requestBody!.content['application/json'].schema).parse(asked.json)
    }
    const answer = await here.ways.handler(method, real, asked)
    const form = operation.responses[answer.status]
    if (!form) throw new Error(`${method} ${path} answered ${answer.status}, of which the document says nothing`)
    const [type = ''] = Object.keys(form.content)
    expect(answer.type.startsWith(type), `${answer.type} for ${type}`).toBe(true)
    if (type === 'application/json') checkOf(form.content[type]!.schema).parse(answer.body)
    return answer
  }

  test('fits what the document says of it, from every route, good and bad', async () => {
    const { work } = here
    const seen = new Set<string>()
    const go = async (method: string, path: string, real: string, status: number, asked?: Asked) => {
      expect([method, real, (await ask(method, path, real, asked)).status]).toEqual([method, real, status])
      seen.add(`${method} ${path}`)
    }
    const everything = { name: 'note', input: {}, delay: '5m', priority: 1, key: 'k', id: 'all', hold: true }
    const tasks = [
      everything,
      { name: 'note', at: 1_900_000_000_000 },
      { party: 'note', data: {}, timestamp: '2030-01-01' },
    ]
    await go('POST', '/tasks', '/tasks', 201, { json: { tasks } })
    await go('POST', '/tasks', '/tasks', 201, { json: { tasks: [{ party: 'note' }] } })
    await go('POST', '/tasks', '/tasks', 200, { json: { tasks: [everything] } })
    await go('POST', '/tasks', '/tasks', 400, { json: { tasks: [{ name: 'nobody' }] } })
    await go('POST', '/tasks', '/tasks', 415, { raw: 'x', headers: { 'content-type': 'text/plain' } })
    await go('POST', '/tasks', '/tasks', 413, {
      raw: ' '.repeat(2 ** 20 + 1),
      headers: { 'content-type': 'application/json' },
    })
    await work.add(here.fail, undefined, { id: 'fail' })
    await work.add(here.note, 1, { id: 'note' })
    await work.run(here.pages, [1, 2], { id: 'book', workers: 1, metadata: { who: 'me' } })
    await work.run(here.pages, [1], { id: 'off' })
    await work.cancel('off')
    await work.schedule(here.note, { name: 'hourly', every: '1h', until: new Date('2040-01-01') })
    await work.schedule(here.wait, { cron: '* * * * *' })
    const { id, run } = { id: '/tasks/{id}', run: '/tasks/{id}/run' }
    for (const one of ['all', 'note', 'fail', 'book%2F0']) await go('GET', id, `/tasks/${one}`, 200)
    await go('GET', id, '/tasks/none', 404)
    await go('POST', run, '/tasks/note/run', 200)
    await go('POST', run, '/tasks/fail/run', 200)
    await go('POST', run, '/tasks/note/run', 409)
    await go('POST', '/task/{id}', '/task/all', 409)
    await go('POST', '/task/{id}', '/task/none', 404)
    await go('GET', id, '/tasks/fail', 200)
    await go('POST', '/tasks/{id}/retry', '/tasks/fail/retry', 200)
    await go('POST', '/tasks/{id}/cancel', '/tasks/fail/cancel', 200)
    await go('DELETE', id, '/tasks/fail', 200)
    await go('DELETE', id, '/tasks/fail', 404)
    await go('DELETE', id, '/tasks/book%2F0', 400)
    for (const query of ['', '?limit=1', '?state=cancelled&name=pages']) await go('GET', '/jobs', `/jobs${query}`, 200)
    await go('GET', '/jobs', '/jobs?x=1', 400)
    await work.drain()
    for (const one of ['book', 'off']) await go('GET', '/jobs/{id}', `/jobs/${one}`, 200)
    await go('GET', '/jobs/{id}', '/jobs/none', 404)
    for (const query of ['', '?format=party']) await go('GET', '/status', `/status${query}`, 200)
    // As in each process of `piecework work --cluster`.
    const place = Symbol.for('piecework.cluster')
    Reflect.set(globalThis, place, { processes: 4, running: 3, restarts: 7 })
    await go('GET', '/status', '/status', 200)
    Reflect.deleteProperty(globalThis, place)
    await go('GET', '/schedules', '/schedules', 200)
    await go('GET', '/metrics', '/metrics', 200)
    await go('GET', '/openapi.json', '/openapi.json', 200)
    await go('GET', '/events', '/events?event=none', 400)
    await work.close()
    await go('GET', '/status', '/status', 503)
    const all = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect([...seen].sort()).toEqual(all.sort())
  })

  test('the stream of events is of the type that the document says', async () => {
    const answer = await here.handler(new Request('http://127.0.0.1/events'))
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(Object.keys(document.paths['/events']!.get!.responses[200]!.content)).toEqual(['text/event-stream'])
    await answer.body?.cancel()
  })

  test('a refusal fits as well', async () => {
    const closed = await world({ authorize: () => false })
    const { body, status } = await closed.ways.handler('GET', '/jobs')
    expect(status).toBe(403)
    checkOf({ $ref: '#/components/schemas/Problem' }).parse(body)
    await closed.close()
  })
})

test('the checks of this test refuse what does not fit', () => {
  const task = checkOf({ $ref: '#/components/schemas/Task' })
  const good = {
    id: 'a',
    name: 'b',
    state: 'held',
    errors: [],
    attempts: 0,
    priority: 5,
    addedAt: 1,
    runAt: 1,
    logs: [],
    itemCount: 0,
  }
  expect(task.safeParse(good).success).toBe(true)
  for (const wrong of [
    { ...good, state: 'x' },
    { ...good, more: 1 },
    { ...good, id: 1 },
    { ...good, logs: undefined },
  ]) {
    expect(task.safeParse(wrong).success).toBe(false)
  }
})
