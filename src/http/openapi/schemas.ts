/** What is sent and answered, by name. The compiler holds those of the library's own types to their properties. */
import { type AddOptions, type JobInfo, jobMoves, type Status, type TaskInfo, taskMoves } from '../../index.ts'
import type { ScheduleInfo } from '../routes/status.ts'
import { anything, closed, count, countsBy, flag, instant, isoTime, listOf, type Schema, text } from './schema.ts'

const taskStates = Object.keys(taskMoves)
const jobStates = Object.keys(jobMoves)
const priority: Schema = { type: 'integer', minimum: 0, maximum: 9, description: '0 runs first.' }

const errorRecord = closed({ at: instant, attempt: count, name: text, message: text, stack: text, cause: text }, [
  'stack',
  'cause',
])

const task = closed(
  {
    id: text,
    name: text,
    jobId: text,
    index: count,
    state: { type: 'string', enum: taskStates },
    input: anything,
    result: anything,
    errors: listOf(errorRecord),
    attempts: count,
    priority,
    key: text,
    addedAt: instant,
    runAt: instant,
    lastRunAt: instant,
    wakeAt: instant,
    doneAt: instant,
    reason: text,
    progress: anything,
    logs: listOf(text),
    itemCount: count,
    holder: text,
  } satisfies Record<keyof TaskInfo, Schema>,
  ['jobId', 'index', 'input', 'result', 'key', 'lastRunAt', 'wakeAt', 'doneAt', 'reason', 'progress', 'holder'],
)

const job = closed(
  {
    id: text,
    name: text,
    state: { type: 'string', enum: jobStates },
    metadata: anything,
    total: count,
    remaining: count,
    fraction: { type: 'number', minimum: 0, maximum: 1 },
    percent: { type: 'integer', minimum: 0, maximum: 100 },
    result: anything,
    failed: flag,
    failure: closed({
      part: { type: ['integer', 'null'] },
      error: { type: 'object', properties: { name: text, message: text, at: instant }, required: ['name', 'message'] },
    }),
    errors: listOf(errorRecord),
    attempts: count,
    workers: count,
    priority,
    addedAt: instant,
    doneAt: instant,
  } satisfies Record<keyof JobInfo, Schema>,
  ['metadata', 'total', 'result', 'failure', 'workers', 'doneAt'],
)

const schedule = closed(
  {
    name: text,
    task: text,
    state: { type: 'string', enum: ['active', 'paused', 'ended'] },
    rule: { type: 'object' },
    input: anything,
    priority,
    missed: { type: 'string', enum: ['skip', 'last', 'all'] },
    limit: count,
    overlap: { type: 'string', enum: ['skip', 'queue', 'allow'] },
    jitterMs: count,
    until: instant,
    addedAt: instant,
    nextAt: instant,
    lastAt: instant,
    lastTaskId: text,
    waiting: count,
  } satisfies Record<keyof ScheduleInfo, Schema>,
  ['input', 'until', 'nextAt', 'lastAt', 'lastTaskId'],
)

const status = closed(
  {
    tasks: countsBy(taskStates),
    jobs: countsBy(jobStates),
    parts: countsBy(taskStates),
    capped: flag,
    paused: listOf(text),
    worker: closed({ running: flag, held: count, threads: count }),
    cluster: closed({ processes: count, running: count, restarts: count } satisfies Record<
      keyof NonNullable<Status['cluster']>,
      Schema
    >),
  } satisfies Record<keyof Status, Schema>,
  ['cluster'],
)

const moment: Schema = {
  anyOf: [isoTime, instant],
  description: 'As in 2026-01-31T09:00:00Z, in UTC where it names no zone; or milliseconds since 1970-01-01 UTC.',
}

const newTask = closed(
  {
    name: { type: 'string', description: "The definition's name." },
    input: anything,
    ...({
      delay: { type: ['integer', 'string'], description: "Milliseconds, or as in '5m'." },
      at: moment,
      priority,
      key: { type: 'string', minLength: 1, maxLength: 256 },
      id: { type: 'string', minLength: 1, maxLength: 128 },
      hold: flag,
    } satisfies Record<keyof AddOptions, Schema>),
  },
  ['input', 'delay', 'at', 'priority', 'key', 'id', 'hold'],
)

const newPartyTask = closed({ party: text, data: { type: 'object' }, timestamp: moment }, ['data', 'timestamp'])

const added: Schema = { type: 'string', enum: ['added', 'duplicate'] }

const partyTask = closed(
  {
    _id: text,
    party: text,
    data: anything,
    timestamp: isoTime,
    is_recurring: flag,
    last_run_on: isoTime,
    attempts: count,
    state: { type: 'string', enum: taskStates },
    status: added,
  },
  ['data', 'is_recurring', 'last_run_on'],
)

const counted = (more: Readonly<Record<string, Schema>> = {}): Schema => closed({ count, _id: text, ...more })

const partyStatus = closed({
  recurring: listOf(
    closed({ _id: text, schedule: { type: ['string', 'null'] }, timestamp: { type: ['string', 'null'] } }),
  ),
  completed: { anyOf: [text, listOf(counted())] },
  failed: listOf(counted()),
  total_workers: count,
  debug: flag,
  undumped: listOf(counted()),
  last_run_on: text,
  pending: listOf(counted({ upcoming: { type: ['string', 'null'] } })),
  restarted_workers: { anyOf: [text, count] },
})

export const schemas = {
  Task: task,
  Job: job,
  Schedule: schedule,
  Status: status,
  PartyStatus: partyStatus,
  NewTask: newTask,
  NewPartyTask: newPartyTask,
  AddedTask: closed({ id: text, status: added }),
  PartyTask: partyTask,
  Problem: closed({ error: closed({ code: text, message: text }) }),
} as const satisfies Record<string, Schema>

export function refTo(name: keyof typeof schemas): Schema {
  return { $ref: `#/components/schemas/${name}` }
}
