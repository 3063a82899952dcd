/** Jobs: listed a page at a time, and looked at. */
import { type JobState, jobMoves } from '../../index.ts'
import { json } from '../answers.ts'
import { listOf, text } from '../openapi/schema.ts'
import { refTo } from '../openapi/schemas.ts'
import { pageOf, pageQuery, pageSchema } from '../page.ts'
import type { Route } from '../route.ts'

export const jobRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs',
    summary: 'Jobs in the order of their ids, a page at a time.',
    query: {
      state: { ...listOf({ type: 'string', enum: Object.keys(jobMoves) }), description: 'Only in these states.' },
      name: { ...listOf(text), description: 'Only of these definitions.' },
      ...pageQuery('id'),
    },
    answers: { 200: { schema: pageSchema('jobs', refTo('Job')) } },
    async handle({ query }, { work }) {
      const states = query.all('state') as JobState[] | undefined
      const names = query.all('name')
      const after = query.one('after')
      const by = { ...(states && { states }), ...(names && { names }), ...(after !== undefined && { after }) }
      const { entries, next } = await pageOf(work.jobs(by), query, ({ id }) => id)
      return json({ jobs: entries, next })
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
