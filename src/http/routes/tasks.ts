/** Tasks: added, looked at, run at once, cancelled, retried, removed. */
import { json, Problem } from '../answers.ts'
import { entriesOf, mostTasks } from '../new-tasks.ts'
import { closed, flag, type Schema, text } from '../openapi/schema.ts'
import { refTo } from '../openapi/schemas.ts'
import { partyTask } from '../party.ts'
import type { Call, Face, Route } from '../route.ts'

/** Party's list is answered with the tasks themselves: ten thousand questions at once would keep all others waiting. */
const lookedUpAtOnce = 50

const newTasks: Schema = {
  type: 'array',
  items: { anyOf: [refTo('NewTask'), refTo('NewPartyTask')] },
  minItems: 1,
  maxItems: mostTasks,
}

const added: Schema = { type: 'array', items: { anyOf: [refTo('AddedTask'), refTo('PartyTask')] } }

const add: Route = {
  method: 'POST',
  path: '/tasks',
  summary: 'Adds tasks. All are checked before the first is stored: one that is wrong leaves nothing behind.',
  body: closed({ tasks: newTasks }),
  answers: { 200: { schema: closed({ tasks: added }) }, 201: { schema: closed({ tasks: added }) } },
  async handle({ json: body }, { work }) {
    const entries = entriesOf(work, await body())
    const all = await work.add(entries.map(({ task }) => task))
    const tasks: object[] = []
    for (let from = 0; from < all.length; from += lookedUpAtOnce) {
      const some = all.slice(from, from + lookedUpAtOnce).map(async (one, index) => {
        const entry = entries[from + index]
        const info = entry?.isParty ? await work.get(one.id) : undefined
        const isRecurring = entry?.task.definition.recurring === true
        return info ? partyTask(info, { status: one.status, isRecurring }) : one
      })
      tasks.push(...(await Promise.all(some)))
    }
    return json({ tasks }, all.some(({ status }) => status === 'added') ? 201 : 200)
  },
}

const get: Route = {
  method: 'GET',
  path: '/tasks/:id',
  summary: 'What is known of a task, or of a part of a job (`job/7`, where the slash is written %2F).',
  answers: { 200: { schema: refTo('Task') } },
  problems: [404],
  async handle({ id }, { work }) {
    const task = await work.get(id)
    if (task) return json(task)
    throw new Problem(404, 'not_found', 'There is no task of this id')
  },
}

async function run({ id }: Call, { work }: Face): Promise<Response> {
  const { ran, task } = await work.runTask(id)
  if (ran) return json(task)
  throw new Problem(409, task.state, `It is ${task.state}: only a task that waits is run`)
}

const runs = {
  method: 'POST',
  answers: { 200: { schema: refTo('Task') } },
  problems: [404, 409],
  handle: run,
} as const

const runNow: Route = {
  ...runs,
  path: '/tasks/:id/run',
  summary: 'Runs a waiting task at once, whatever is due before it, and answers when it has ended, well or not.',
}

const partyRun: Route = { ...runs, path: '/task/:id', summary: "Party's name for `POST /tasks/{id}/run`." }

/** A verb of operators that answers whether it was done. */
function verb(
  route: Pick<Route, 'method' | 'path' | 'summary'>,
  said: string,
  refusal: string,
  act: (work: Face['work'], id: string) => Promise<boolean>,
): Route {
  return {
    ...route,
    answers: { 200: { schema: closed({ id: text, [said]: flag }) } },
    problems: [404, 409],
    async handle({ id }, { work }) {
      if (await act(work, id)) return json({ id, [said]: true })
      throw new Problem(409, `not_${said}`, refusal)
    },
  }
}

export const taskRoutes: readonly Route[] = [
  add,
  get,
  runNow,
  partyRun,
  verb(
    {
      method: 'POST',
      path: '/tasks/:id/cancel',
      summary: 'Cancels a task or a job that is not done, also one that runs.',
    },
    'cancelled',
    'It was done before',
    (work, id) => work.cancel(id),
  ),
  verb(
    {
      method: 'POST',
      path: '/tasks/:id/retry',
      summary: 'Makes a waiting task due now, or begins one again, or a job, that failed or was cancelled.',
    },
    'retried',
    'Only a task that waits, has failed or was cancelled is tried again, and a part only with its job',
    (work, id) => work.retry(id),
  ),
  verb(
    {
      method: 'DELETE',
      path: '/tasks/:id',
      summary: 'Removes a task that does not run, with its items. It never runs again.',
    },
    'removed',
    'It runs: cancel it first',
    (work, id) => work.remove(id),
  ),
]
