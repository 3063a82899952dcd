/** What is going on: the status, schedules, events as they come, and figures for Prometheus. */
import { eventNames, type Piecework } from '../../index.ts'
import { json, Problem } from '../answers.ts'
import { metricsText } from '../metrics.ts'
import { listOf, text } from '../openapi/schema.ts'
import { refTo } from '../openapi/schemas.ts'
import { pageOf, pageQuery, pageSchema } from '../page.ts'
import { partyStatus } from '../party.ts'
import type { Route } from '../route.ts'

export type ScheduleInfo = ReturnType<Piecework['schedules']> extends AsyncIterable<infer Info> ? Info : never

export const statusRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/status',
    summary: "How many tasks of each definition are in which state, and what this process is doing; or Party's status.",
    query: { format: { type: 'string', enum: ['party'] } },
    answers: { 200: { schema: { anyOf: [refTo('Status'), refTo('PartyStatus')] } } },
    async handle({ query }, face) {
      const format = query.one('format')
      if (format === undefined) return json(await face.work.status({ all: face.options.all }))
      if (format === 'party') return json(await partyStatus(face))
      throw new Problem(400, 'bad_request', 'Expected `format` to be party')
    },
  },
  {
    method: 'GET',
    path: '/schedules',
    summary: 'Schedules by name, a page at a time.',
    query: pageQuery('name'),
    answers: { 200: { schema: pageSchema('schedules', refTo('Schedule')) } },
    async handle({ query }, { work }) {
      const { entries, next } = await pageOf(schedulesAfter(work, query.one('after') ?? ''), query, ({ name }) => name)
      return json({ schedules: entries, next })
    },
  },
  {
    method: 'GET',
    path: '/events',
    summary: 'What this process tells, as it tells it: server-sent events, until the client goes.',
    query: {
      event: { ...listOf({ type: 'string', enum: eventNames }), description: 'Only these kinds.' },
      name: { ...listOf(text), description: 'Only of these definitions.' },
    },
    answers: { 200: { type: 'text/event-stream' } },
    handle({ query, request }, { hub }) {
      const events = query.all('event') ?? eventNames
      const known: readonly string[] = eventNames
      if (events.some((event) => !known.includes(event))) {
        throw new Problem(400, 'bad_request', `Expected \`event\` to be one of ${known.join(', ')}`)
      }
      const names = query.all('name')
      const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' }
      // A stream that nobody reads would stay open.
      if (request.method === 'HEAD') return new Response(null, { headers })
      const stream = hub.open(new Set(events), names && new Set(names))
      if (!stream) throw new Problem(503, 'too_many_streams', 'There are too many streams, or this server is closing')
      return new Response(stream.body, { headers })
    },
  },
  {
    method: 'GET',
    path: '/metrics',
    summary: 'Figures for Prometheus.',
    answers: { 200: { type: 'text/plain' } },
    async handle(_, { work, hub, options }) {
      const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }
      return new Response(metricsText(await work.status({ all: options.all }), hub), { headers })
    },
  },
]

async function* schedulesAfter(work: Piecework, after: string): AsyncGenerator<ScheduleInfo, void, undefined> {
  for await (const schedule of work.schedules()) if (schedule.name > after) yield schedule
}
