/** Party's words for what is here: a task, and the status, key for key. */
import type { Piecework, Status, TaskInfo } from '../index.ts'
import type { Face } from './route.ts'

/** Word for word: what Party says is looked for. */
const noCleanup = 'Task Logger unavailable. Please add TaskCleanup to Party'

/** Schedules beyond these are not in the status; `GET /schedules` has all of them. */
const mostSchedules = 1_000

/** `duplicate`: a recurring task of this name and data is there, and this is that one. */
export function partyTask(
  { id, name, input, runAt, lastRunAt, attempts, state }: TaskInfo,
  { status, isRecurring }: { readonly status: string; readonly isRecurring: boolean },
): object {
  const recurring = isRecurring ? { is_recurring: true } : {}
  const last = lastRunAt === undefined ? {} : { last_run_on: isoText(lastRunAt) }
  return {
    _id: id,
    party: name,
    data: input,
    timestamp: isoText(runAt),
    ...recurring,
    ...last,
    attempts,
    state,
    status,
  }
}

export async function partyStatus({ work, hub, options }: Face): Promise<object> {
  const status = await work.status({ all: options.all })
  const { cluster, worker } = status
  const working = worker.running
  const recurring = [...(await schedulesOf(work)), ...(await recurringTasksOf(work, status))]
  const completed = countsOf(status, 'completed')
  return {
    recurring,
    completed: hasCleanup(status, recurring, options.cleanup) ? completed : noCleanup,
    failed: countsOf(status, 'failed'),
    total_workers: working ? (cluster?.running ?? 1) : 0,
    debug: false,
    undumped: completed,
    last_run_on: hub.lastStart ?? 'Unavailable',
    pending: await pendingOf(work, status),
    restarted_workers: working && cluster ? cluster.restarts : 'Unavailable',
  }
}

/** One name after another: each may be looked for among thousands of rows. */
async function pendingOf(work: Piecework, status: Status): Promise<object[]> {
  const pending: object[] = []
  for (const { count, _id } of countsOf(status, 'waiting')) {
    pending.push({ count, _id, upcoming: (await work.upcoming(_id)) ?? null })
  }
  return pending
}

function countsOf(status: Status, state: 'waiting' | 'completed' | 'failed'): { count: number; _id: string }[] {
  return Object.entries(status.tasks).flatMap(([_id, counts]) => {
    const count = counts[state] ?? 0
    return count > 0 ? [{ count, _id }] : []
  })
}

interface Recurring {
  readonly _id: string
  /** `null`: it recurs by itself. */
  readonly schedule: string | null
  readonly timestamp: string | null
}

async function schedulesOf(work: Piecework): Promise<Recurring[]> {
  const found: Recurring[] = []
  for await (const { name, task, nextAt } of work.schedules()) {
    found.push({ _id: task, schedule: name, timestamp: nextAt === undefined ? null : isoText(nextAt) })
    if (found.length === mostSchedules) break
  }
  return found
}

/** Of tasks that recur by themselves, when the next of each name is due. */
async function recurringTasksOf(work: Piecework, { tasks }: Status): Promise<Recurring[]> {
  const names = Object.keys(tasks).filter((name) => work.definition(name)?.recurring && isOpen(tasks[name]))
  return Promise.all(
    names.map(async (_id) => {
      const id = await work.upcoming(_id)
      const next = id === undefined ? undefined : await work.get(id)
      return { _id, schedule: null, timestamp: next ? isoText(next.runAt) : null }
    }),
  )
}

function isOpen({ waiting = 0, running = 0 }: Status['tasks'][string] = {}): boolean {
  return waiting + running > 0
}

/** It is there once it was added: by a schedule, or as a task that has not ended. */
function hasCleanup(status: Status, recurring: readonly Recurring[], cleanup: string): boolean {
  const isAdded = Object.hasOwn(status.tasks, cleanup) && isOpen(status.tasks[cleanup])
  return isAdded || recurring.some(({ _id }) => _id === cleanup)
}

function isoText(at: number): string {
  return new Date(at).toISOString()
}
