/** Why a task or a job is where it is, in sentences for a person. */
import ms from 'ms'
import { PieceworkError } from '../core/errors.ts'
import { definitionName } from '../core/part.ts'
import type { Task } from '../core/task.ts'
import { REDUCING, taskOf, taskRow } from '../storage/codec.ts'
import { jobRow } from '../storage/job-codec.ts'
import type { Row } from '../storage/storage.ts'
import type { Engine } from './engine.ts'
import { explainJob } from './jobs/explain-job.ts'
import { remainingOf } from './jobs/info.ts'
import type { Worker } from './worker.ts'

export async function explain(engine: Engine, worker: Worker, id: string): Promise<string> {
  const [found] = await engine.storage.get([id])
  const job = jobRow(found)
  if (job) {
    const remaining = await remainingOf(engine.storage, job)
    const reduce = job.state === REDUCING ? history(taskOf(job)) : []
    return [explainJob(job, remaining, engine.time.now()), ...reduce].join(' ')
  }
  const row = taskRow(found)
  if (!row) throw new PieceworkError('not_found', `No task has the id ${id}`)
  const task = taskOf(row)
  const isPaused = await worker.pauses.look(task.name)
  const now = engine.time.now()
  return [headline(task, row, now), ...history(task), ...hindrances(task, engine, worker, isPaused)].join(' ')
}

function headline(task: Task, row: Row, now: number): string {
  const what = `Task ${task.id} (${definitionName(task.name)})`
  const since = (instant: number) => `${ms(Math.max(0, now - instant))} ago`
  switch (task.state) {
    case 'held':
      return `${what} is held: it does not become due until it is released.`
    case 'waiting':
      return task.wakeAt <= now
        ? `${what} has been due for ${ms(now - task.wakeAt)}, with priority ${task.priority}.`
        : `${what} waits; it is due in ${ms(task.wakeAt - now)}, at ${new Date(task.wakeAt).toISOString()}.`
    case 'running':
      return task.wakeAt <= now
        ? `${what} was run by ${row.holder}, whose lease ended ${since(task.wakeAt)}: the next worker takes it over.`
        : `${what} is run by ${row.holder}, whose lease lasts another ${ms(task.wakeAt - now)}.`
    case 'completed':
      return `${what} was completed ${since(task.doneAt)}.`
    case 'failed':
      return `${what} failed ${since(task.doneAt)}: ${reasons[task.reason]}.`
    case 'cancelled':
      return `${what} was cancelled ${since(task.doneAt)}.`
    case 'skipped':
      return `${what} was skipped ${since(task.doneAt)}: its job had failed or was cancelled.`
  }
}

const reasons = {
  exhausted: 'its retry policy allows no further attempt',
  fatal: 'its handler said that it must not be tried again',
  fails_job: 'its error is one of those that fail its job',
  crashed: 'the process vanished too often while it ran',
  invalid_input: 'what was stored does not fit the definition',
  unstorable: 'its result cannot be stored as JSON',
  too_large: 'its result does not fit into a row',
} as const

function history(task: Task): string[] {
  const lines: string[] = []
  if (task.attempts > 0) lines.push(`Attempts so far: ${task.attempts}.`)
  if (task.crashes > 0) lines.push(`The process vanished during ${task.crashes} of them.`)
  const last = task.errors.at(-1)
  if (last) lines.push(`Last error, at attempt ${last.attempt}: ${last.name}: ${sentence(last.message)}`)
  return lines
}

function hindrances(task: Task, engine: Engine, worker: Worker, isPaused: boolean): string[] {
  if (task.state !== 'waiting') return []
  const paused = isPaused ? ['Its definition is paused.'] : []
  if (!engine.definitions.has(task.name)) {
    return ['This process does not have its definition and will not run it.', ...paused]
  }
  if (isPaused) return paused
  return worker.started ? [] : ['This process runs no tasks: it was not started, or it was stopped.']
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
