/** Jobs: listed a page at a time, and looked at. */
import { type JobInfo, type JobState, jobMoves } from '../../index.ts'
import { json } from '../answers.ts'
import { closed, listOf, type Schema, text } from '../openapi/schema.ts'
import { refTo } from '../openapi/schemas.ts'
import type { Route } from '../route.ts'

export const limitSchema: Schema = {
  type: 'integer',
  default: 50,
  description: 'How many: 1 to 1,000; of what is beyond, the nearest.',
}

export const nextSchema: Schema = { type: ['string', 'null'], description: 'The `after` of the next page; null: none.' }

export const jobRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs',
    summary: 'Jobs in the order of their ids, a page at a time.',
    query: {
      state: { ...listOf({ type: 'string', enum: Object.keys(jobMoves) }), description: 'Only in these states.' },
      name: { ...listOf(text), description: 'Only of these definitions.' },
      limit: limitSchema,
      after: { type: 'string', description: 'Only those with a greater id.' },
    },
    answers: { 200: { schema: closed({ jobs: listOf(refTo('Job')), next: nextSchema }) } },
    async handle({ query }, { work }) {
      const states = query.all('state') as JobState[] | undefined
      const names = query.all('name')
      const after = query.one('after')
      const { limit } = query
      const jobs: JobInfo[] = []
      const by = { ...(states && { states }), ...(names && { names }), ...(after !== undefined && { after }) }
      for await (const job of work.jobs(by)) {
        if (jobs.length === limit) return json({ jobs, next: jobs.at(-1)?.id })
        jobs.push(job)
      }
      return json({ jobs, next: null })
    },
  },
  {
    method: 'GET',
    path: '/jobs/:id',
    summary: 'What is known of a job.',
    answers: { 200: { schema: refTo('Job') } },
    problems: [404],
    handle: async ({ id }, { work }) => json(await work.job(id)),
  },
]
