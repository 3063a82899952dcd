/** Task <-> Row: what goes into columns that a storage compares, and what into the text that it only keeps. */

import type { ErrorRecord } from '../core/error-record.ts'
import { PieceworkError } from '../core/errors.ts'
import { instantOfId } from '../core/id.ts'
import type { JobFailure } from '../core/job.ts'
import { storedKey } from '../core/name.ts'
import { decode, encode } from '../core/payload.ts'
import type { SlotNotes } from '../core/slot.ts'
import {
  type CompletedTask,
  type FailedTask,
  type FailureReason,
  type HeldTask,
  type Task,
  taskMoves,
  type WaitingTask,
} from '../core/task.ts'
import { cut } from '../core/text.ts'
import { withLater } from './later.ts'
import type { NextRow, Row } from './storage.ts'
import { utf8Length } from './utf8.ts'

/** A job's own word; see `jobMoves`. */
export const REDUCING = 'reducing'

/** The text that stands for "no input": JSON's null, told from a given `null` by its space. */
const noInput = ' null'

/**
 * What the memo of a task's row holds, as JSON. What is empty is left out: most tasks never fail or log. So is what is
 * known otherwise: `addedAt` where the id tells it, `runAt` where it is `addedAt`. A plain task's memo is `{}` for life.
 */
export interface TaskMemo {
  addedAt?: number
  runAt?: number
  lastRunAt?: number
  failures?: number
  crashes?: number
  errors?: readonly ErrorRecord[]
  logs?: readonly string[]
  progress?: unknown
  result?: unknown
  items?: CompletedTask['items']
  reason?: FailureReason
  slot?: SlotNotes
  /** Of a part, whose row has none: parts go with their job, not by their age. */
  doneAt?: number
  job?: JobMemo
}

/** What the row of a job keeps beside what its reduce keeps as a task. It comes first in the memo. */
export interface JobMemo {
  /** `null` until all parts are there. */
  readonly total: number | null
  readonly workers: number | null
  /** Goes up with each resume. */
  readonly run: number
  /** Held parts with slots of their own may lie anywhere among the others. */
  readonly scattered?: true | undefined
  readonly dispatch?: DispatchNotes
  /** It is being removed, and its parts before it: it cannot go on. */
  readonly purged?: true
  readonly failure?: JobFailure
  /** When it ended early. Its row's `doneAt` comes when its parts were swept: a purge must not take it before. */
  readonly overAt?: number
}

/** What the row of a dispatch keeps beside that. */
export interface DispatchNotes {
  /** When it began, this time. */
  readonly startedAt: number
  /** What it did before is to be forgotten: its parts are being removed. */
  readonly forgets?: true
  /** The highest revision that was ever forgotten: who comes again begins above it, so that no fence comes twice. */
  readonly newest?: number
  /** What became of the items, once all were read. */
  readonly fed?: unknown
}

const nothing: TaskMemo = {}
const none: readonly never[] = []

/** The text of an input as a row keeps it. @throws PayloadError with the path of what JSON would lose or change. */
export function inputText(input: unknown): string {
  return input === undefined ? noInput : encode(input)
}

/** The row of a new task. `input` is what {@link inputText} made; `rev` starts at the storage's time, `holder` names the call that adds it. */
export function newRow(
  task: HeldTask | WaitingTask,
  facts: {
    readonly input: string
    readonly key: string | undefined
    readonly holder: string
    readonly rev: number
    readonly parent?: string
  },
): Row {
  return {
    id: task.id,
    name: task.name,
    state: task.state,
    priority: task.priority,
    wakeAt: task.state === 'waiting' ? task.wakeAt : null,
    rev: facts.rev,
    tries: 0,
    holder: facts.holder,
    key: facts.key === undefined ? null : storedKey(task.name, facts.key),
    parent: facts.parent ?? null,
    doneAt: null,
    input: facts.input,
    memo: memoText(task),
  }
}

/** The input as it was given. A new value at each call: a handler that changes it changes only its own. */
export function inputOf(row: Pick<Row, 'input'>): unknown {
  return row.input === noInput ? undefined : decode(row.input)
}

/** The row if it is a task's: not one of items, a pause, or another of the library's own. */
export function taskRow(row: Row | undefined): Row | undefined {
  return row && Object.hasOwn(taskMoves, row.state) ? row : undefined
}

/** The task that a row holds. */
export function taskOf(row: Row): Task {
  const memo = row.memo === '{}' ? nothing : (decode(row.memo) as TaskMemo)
  const addedAt = memo.addedAt ?? instantOfId(row.id) ?? 0
  const base = {
    id: row.id,
    name: row.name,
    priority: row.priority,
    attempts: row.tries,
    failures: memo.failures ?? 0,
    crashes: memo.crashes ?? 0,
    addedAt,
    runAt: memo.runAt ?? addedAt,
    errors: memo.errors ?? none,
    logs: memo.logs ?? none,
    progress: memo.progress,
    ...(memo.lastRunAt === undefined ? {} : { lastRunAt: memo.lastRunAt }),
    ...(memo.slot ? { slot: memo.slot } : {}),
  }
  const doneAt = row.doneAt ?? memo.doneAt ?? 0
  // A job's row is its reduce's task, which is due or under way while the job is reducing.
  const state = row.state === REDUCING ? 'running' : (row.state as Task['state'])
  switch (state) {
    case 'held':
      return { ...base, state }
    case 'waiting':
    case 'running':
      return { ...base, state, wakeAt: row.wakeAt ?? 0 }
    case 'completed':
      return { ...base, state, doneAt, result: memo.result, items: memo.items ?? null }
    case 'failed':
      return { ...base, state, doneAt, reason: memo.reason ?? 'exhausted' }
    case 'cancelled':
    case 'skipped':
      return { ...base, state, doneAt }
  }
}

/**
 * The row that a task becomes. `holder` names the writer, so that a storage can tell this write for its own.
 *
 * Where the memo does not fit beside the input, logs go first, then the older errors and the stacks, then progress.
 * @throws PieceworkError `too_large` when a result does not fit.
 */
export function nextRow(task: Task, row: Row, holder: string, rowMaxBytes: number): NextRow {
  const isOpen = task.state === 'held' || task.state === 'waiting' || task.state === 'running'
  const job = jobMemoOf(row)
  return {
    state: job && isOpen ? REDUCING : task.state,
    priority: task.priority,
    wakeAt: task.state === 'waiting' || task.state === 'running' ? task.wakeAt : null,
    tries: task.attempts,
    holder,
    // Parts and items go with the row that they belong to, not by their age.
    doneAt: isOpen || row.parent !== null ? null : task.doneAt,
    keepKey: isOpen,
    memo: fittingMemo(task, row, rowMaxBytes, job),
  }
}

/** The row as an apply of `next` leaves it. */
export function writtenRow(row: Row, next: NextRow): Row {
  const { keepKey, ...columns } = next
  return { ...row, ...columns, key: keepKey ? row.key : null, rev: row.rev + 1 }
}

/** What the row of a job keeps of it; `undefined` for any other row. */
export function jobMemoOf({ memo }: Pick<Row, 'memo'>): JobMemo | undefined {
  return memo.startsWith('{"job":') ? (decode(memo) as TaskMemo).job : undefined
}

function fittingMemo(task: Task, { input, parent, memo }: Row, rowMaxBytes: number, job: JobMemo | undefined): string {
  const textOf = (one: Task) => withLater(memoText(one, job, parent !== null), memo)
  const text = textOf(task) // UTF-8 takes at most three bytes for a UTF-16 code unit: most rows fit without counting.
  if ((text.length + input.length) * 3 <= rowMaxBytes) return text
  const room = rowMaxBytes - utf8Length(input)
  for (const shorterTask of [task, ...shorter(task)]) {
    const shortened = textOf(shorterTask)
    if (utf8Length(shortened) <= room) return shortened
  }
  throw new PieceworkError('too_large', `What task ${task.id} should keep is over ${room} bytes, the room in its row`)
}

function reduceFailure(task: FailedTask): JobFailure {
  const { name, message, at } = task.errors.at(-1) ?? { name: 'Error', message: task.reason, at: task.doneAt }
  return { part: null, error: { name, message, at } }
}

/** The task with ever less of what it could do without. */
function shorter(task: Task): Task[] {
  const withoutLogs = { ...task, logs: [] }
  const lastError = task.errors.slice(-1).map(({ at, attempt, name, message }) => ({ at, attempt, name, message }))
  const terse = lastError.map((error) => ({ ...error, message: cut(error.message, 100) }))
  return [
    withoutLogs,
    { ...withoutLogs, errors: lastError },
    { ...withoutLogs, errors: lastError, progress: undefined },
    { ...withoutLogs, errors: terse, progress: undefined },
    { ...withoutLogs, errors: [], progress: undefined },
  ]
}

/** Written by hand in a fixed order: one pass, and the common case is no text at all. */
function memoText(task: Task, job?: JobMemo, isPart = false): string {
  let text = ''
  if (job) text += `,"job":${JSON.stringify(task.state === 'failed' ? { ...job, failure: reduceFailure(task) } : job)}`
  if (task.addedAt !== instantOfId(task.id)) text += `,"addedAt":${task.addedAt}`
  if (task.runAt !== task.addedAt) text += `,"runAt":${task.runAt}`
  if (task.lastRunAt !== undefined) text += `,"lastRunAt":${task.lastRunAt}`
  if (task.failures > 0) text += `,"failures":${task.failures}`
  if (task.crashes > 0) text += `,"crashes":${task.crashes}`
  if (task.errors.length > 0) text += `,"errors":${JSON.stringify(task.errors)}`
  if (task.logs.length > 0) text += `,"logs":${JSON.stringify(task.logs)}`
  if (task.progress !== undefined) text += `,"progress":${encode(task.progress)}`
  if (task.state === 'completed') {
    if (task.result !== undefined) text += `,"result":${encode(task.result)}`
    if (task.items) text += `,"items":${JSON.stringify(task.items)}`
  }
  if (task.state === 'failed') text += `,"reason":"${task.reason}"`
  if (task.slot) text += `,"slot":${JSON.stringify(task.slot)}`
  if (isPart && 'doneAt' in task) text += `,"doneAt":${task.doneAt}`
  return text === '' ? '{}' : `{${text.slice(1)}}`
}
