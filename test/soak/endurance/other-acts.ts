/** What the app does with jobs, dispatches and schedules, over HTTP, and with instances that come and go. */
import { get } from 'node:http'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import { piecework } from '../../../src/index.ts'
import type { Act } from './task-acts.ts'
import { quiet } from './world.ts'

let last = 0
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

export const job: Act = async ({ work, sums, random, wrong }) => {
  const run = await work.run(sums, numbers(20), random.chance(50) ? { workers: 4 } : {})
  for await (const { remaining } of run) if (remaining === 0) break
  const { state, result } = await run.done()
  if (state !== 'completed' || result !== 210) wrong.push(`job ${run.id} is ${state} with ${result}`)
}

/** One that fails by `failOn`, and one that is cancelled. */
export const badJobs: Act = async ({ work, sums, wrong }) => {
  const fails = await work.run(sums, [1, -1, 3])
  const cancelled = await work.run(sums, numbers(5))
  await cancelled.cancel()
  const states = [(await fails.done()).state, (await cancelled.done()).state]
  if (states[0] !== 'failed') wrong.push(`jobs ended as ${states}`)
}

/** Parts that consumers outside do. */
export const partsOutside: Act = async ({ work, outside, wrong }) => {
  const run = await work.run(outside, [1, 2, 3])
  for (let index = 0; index < 3; index++) await work.part({ jobId: run.id, index }, ({ part }) => part)
  const { state } = await run.done()
  if (state !== 'completed') wrong.push(`a job of parts outside is ${state}`)
}

let dispatching: Promise<unknown> = Promise.resolve()

/** The same tracker each time, so that what it knows stays as large as it is; one at a time. */
export const dispatch: Act = async ({ work, consumer, wrong }) => {
  const before = dispatching
  const own = (async () => {
    await before
    const items = [1, 2, 3, 4, 5].map((shop) => ({ shop }))
    const run = await work.dispatch({ items, attribute: 'shop', to: consumer, begin: true, workers: 2 })
    const { state } = await run.done()
    if (state !== 'completed') wrong.push(`a dispatch is ${state}`)
  })()
  dispatching = own.catch(() => {})
  await own
}

export const schedule: Act = async ({ work, ticked }) => {
  const name = `s${++last}`
  await work.schedule(ticked, { name, every: '1h', input: { size: 1 } })
  const handle = work.scheduled(name)
  await handle.pause()
  await handle.resume()
  await handle.next(3)
  await handle.remove()
  work.preview({ cron: '30 2 * * *', timeZone: 'Europe/Athens' }, 3)
}

const json = (body: object) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** By the handler: a task that is added and run, a stream of events that somebody reads for a while, the figures. */
export const http: Act = async ({ handler, ends, wrong }) => {
  const stream = await handler(new Request('http://localhost/events?event=completed'))
  const reader = stream.body!.getReader()
  await reader.read()
  const id = `http-${++last}`
  const added = await handler(
    new Request('http://localhost/tasks', json({ tasks: [{ name: 'quick', input: { size: 1 }, id }] })),
  )
  // 200 where the answer of the insert was lost: then the id is there already.
  if (added.status !== 201 && added.status !== 200) wrong.push(`POST /tasks answered ${added.status}`)
  await ends.of(id)
  await reader.read()
  await reader.cancel()
  for (const path of ['/metrics', '/status', `/tasks/${id}`, '/jobs?limit=5'])
    await (await handler(new Request(`http://localhost${path}`))).text()
}

/** Over a socket: a stream of events whose client goes away, and a question. */
export const socket: Act = async ({ server }) => {
  for (const path of ['/events', '/status']) {
    await new Promise<void>((resolve, reject) => {
      const request = get(`${server.address}${path}`, { agent: false }, (answer) => {
        answer.once('data', () => (path === '/events' ? answer.destroy() : answer.resume()))
        answer.once('close', resolve)
      })
      request.once('error', reject)
    })
  }
}

/** Another instance on the file, which is there for one task; the first one may be quicker. */
export const guest: Act = async ({ file, guest, random, wrong }) => {
  const work = piecework({ storage: sqlite(file), definitions: [guest], logger: quiet, poll: '200ms' })
  await work.start({ schedule: false })
  await work.add(guest, { size: 1 })
  if (random.chance(50)) await work.drain()
  await work.close()
  if (work.running) wrong.push('an instance that was closed runs')
}
