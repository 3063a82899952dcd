/** The stream of events: told as they come, kept alive, never more in memory than its bound, gone with its client. */
import { spawn } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { httpHandler } from '../../src/http/index.ts'
import type { PieceworkEvents } from '../../src/index.ts'
import { curlReason, hasCurl, type World, workOf, world, yes } from './kit.ts'

interface Told {
  readonly id?: string
  readonly event: string
  readonly data: Record<string, unknown>
}

/** What a stream's text says, read strictly: anything that a client would not understand throws. */
function parse(text: string): { events: Told[]; beats: number } {
  const events: Told[] = []
  let beats = 0
  for (const block of text.split('\n\n').slice(0, -1)) {
    if (block === ': beat') beats++
    else if (block === 'retry: 3000') continue
    else {
      const [, id, event, data] = /^(?:id: (\d+)\n)?event: (\w+)\ndata: (.+)$/.exec(block) ?? []
      if (event === undefined || data === undefined) throw new Error(`not an event: ${JSON.stringify(block)}`)
      events.push({ ...(id === undefined ? {} : { id }), event, data: JSON.parse(data) })
    }
  }
  return { events, beats }
}

let here: World
beforeEach(async () => {
  here = await world({ ...yes, heartbeat: 50 })
})
afterEach(() => here.close())

/** All listeners of an instance, over all kinds of events. */
function listeners(work: World['work']): { added: () => number } {
  let count = 0
  const on = work.on.bind(work)
  const off = work.off.bind(work)
  work.on = (event: keyof PieceworkEvents, listener: never) => {
    count++
    return on(event, listener)
  }
  work.off = (event: keyof PieceworkEvents, listener: never) => {
    count--
    return off(event, listener)
  }
  return { added: () => count }
}

describe('by curl', () => {
  beforeEach(({ skip }) => skip(!hasCurl, curlReason))

  function listen(query = '') {
    const child = spawn('curl', ['-sSN', '--max-time', '20', `${here.server.address}/events${query}`])
    const said = { text: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.text += text
    })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    return { child, ended, told: () => parse(said.text), began: () => said.text.startsWith('retry') }
  }

  test('GET /events tells what happens as it happens, in order, without what may be large', async () => {
    const { child, told, ended, began } = listen()
    await expect.poll(began).toBe(true)
    await here.work.add(here.note, { secret: 'x' }, { id: 'a' })
    await here.work.add(here.fail, undefined, { id: 'b' })
    await here.work.drain()
    await expect.poll(() => told().events.length).toBe(6)
    const { events } = told()
    expect(events.map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5', '6'])
    expect(events.filter(({ data }) => data.id === 'a').map(({ event }) => event)).toEqual([
      'added',
      'started',
      'completed',
    ])
    expect(events.find(({ event }) => event === 'completed')?.data).toEqual({ id: 'a', name: 'note', attempt: 1 })
    expect(events.find(({ event }) => event === 'failed')?.data).toEqual({
      id: 'b',
      name: 'fail',
      attempt: 1,
      reason: 'exhausted',
      error: { name: 'Error', message: '<script>alert(1)</script>' },
    })
    child.kill()
    await ended
  })

  test('a stream of some kinds, of some definitions, is silent of the rest but for its beat', async () => {
    const { child, told, ended, began } = listen('?event=completed&event=added&name=note')
    await expect.poll(began).toBe(true)
    await here.work.add(here.fail)
    await here.work.add(here.note)
    await here.work.drain()
    await expect.poll(() => told().beats).toBeGreaterThan(2)
    expect(told().events.map(({ event, data }) => [event, data.name])).toEqual([
      ['added', 'note'],
      ['completed', 'note'],
    ])
    child.kill()
    await ended
  })

  test('when the client goes, nothing of its stream is left', async () => {
    const streams = async () =>
      /piecework_event_streams (\d+)/.exec((await here.ways.curl('GET', '/metrics')).text)?.[1]
    const { child, ended, began } = listen()
    await expect.poll(began).toBe(true)
    expect(await streams()).toBe('1')
    child.kill('SIGKILL')
    await ended
    await expect.poll(streams).toBe('0')
  })

  test('a server that closes ends its streams', async () => {
    const open = [listen(), listen()]
    for (const { began } of open) await expect.poll(began).toBe(true)
    const since = performance.now()
    await here.server.close({ timeout: '20s' })
    expect(performance.now() - since).toBeLessThan(5_000)
    expect(await Promise.all(open.map(({ ended }) => ended))).toEqual([0, 0])
    expect(here.work.running).toBe(false)
    expect(await here.work.add(here.note)).toMatchObject({ status: 'added' })
  })
})

describe('a stream', () => {
  test('that nobody reads holds no more than its bound, and says how many events are missing', async () => {
    const response = await here.handler(new Request('http://127.0.0.1/events?event=added'))
    const total = 20_000
    const before = process.memoryUsage().heapUsed
    for (let at = 0; at < total; at += 1_000) {
      await here.work.add(Array.from({ length: 1_000 }, () => here.note.with(undefined, { hold: true })))
    }
    console.log(
      `${total} events unread: ${Math.round((process.memoryUsage().heapUsed - before) / 1e6)} MB of heap, tasks included`,
    )
    const reader = response.body!.getReader()
    const chunks: Uint8Array[] = []
    const text = () => Buffer.concat(chunks).toString()
    let waiting = 0
    while (!text().includes('event: dropped')) {
      const { value } = await reader.read()
      chunks.push(value!)
      waiting += value!.length
    }
    expect(waiting).toBeLessThan(600_000)
    const { events } = parse(text())
    const seen = events.filter(({ event }) => event === 'added').length
    expect(seen).toBeGreaterThan(1_000)
    expect(events.at(-1)).toEqual({ event: 'dropped', data: { count: total - seen } })
    // And it goes on.
    await here.work.add(here.note, undefined, { id: 'after' })
    await expect.poll(async () => Buffer.from((await reader.read()).value!).toString()).toContain('"id":"after"')
    await reader.cancel()
  })

  test('costs the instance no listener of its own, and a closed handler has none left', async () => {
    const work = workOf([here.note])
    const { added } = listeners(work)
    const handler = httpHandler(work, yes)
    const own = added()
    expect(own).toBeGreaterThan(0)
    const bodies = await Promise.all(
      Array.from({ length: 30 }, async () => (await handler(new Request('http://127.0.0.1/events'))).body!),
    )
    expect(added()).toBe(own)
    await Promise.all(bodies.slice(0, 10).map((body) => body.cancel()))
    handler.close()
    handler.close()
    expect(added()).toBeLessThanOrEqual(0)
    for (const body of bodies.slice(10)) expect(await new Response(body).text()).toBe('retry: 3000\n\n')
    expect((await handler(new Request('http://127.0.0.1/events'))).status).toBe(503)
    await work.close()
  })

  test('there are no more than a hundred at once', async () => {
    const open = () => here.handler(new Request('http://127.0.0.1/events'))
    const streams = await Promise.all(Array.from({ length: 100 }, open))
    expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200))
    expect((await open()).status).toBe(503)
    await streams[0]?.body?.cancel()
    const again = await open()
    expect(again.status).toBe(200)
    for (const { body } of [...streams.slice(1), again]) await body?.cancel()
  })

  test('of a kind that there is not is refused', async () => {
    expect(await here.ways.handler('GET', '/events?event=exploded')).toMatchObject({ status: 400 })
  })
})
