/** Job <-> Row. A job's row is its reduce's task too: what that keeps as a task is carried through each of its moves. */
import { instantOfId } from '../core/id.ts'
import type { Job, JobState } from '../core/job.ts'
import { decode } from '../core/payload.ts'
import { isArchivedName } from './archive-codec.ts'
import { type DispatchNotes, type JobMemo, jobMemoOf } from './codec.ts'
import type { NextRow, Row } from './storage.ts'

/** The row of a new job. `input` is the text of its metadata. */
export function newJobRow(
  job: Extract<Job, { state: 'open' }>,
  facts: { readonly input: string; readonly holder: string; readonly rev: number },
): Row {
  const { id, name, priority, addedAt } = job
  return {
    id,
    name,
    state: job.state,
    priority,
    wakeAt: job.wakeAt,
    rev: facts.rev,
    tries: 0,
    holder: facts.holder,
    key: null,
    parent: null,
    doneAt: null,
    input: facts.input,
    memo: memoOf({ total: null, workers: job.workers, run: 1 }, instantOfId(id) === addedAt ? undefined : addedAt),
  }
}

/** The row if it is a job's, and not in the archive. */
export function jobRow(row: Row | undefined): Row | undefined {
  return row && !isArchivedName(row.name) && jobMemoOf(row) ? row : undefined
}

/** The job that a row holds. */
export function jobOf(row: Row): Job {
  const { job: memo, addedAt = instantOfId(row.id) ?? 0, result } = memoTextOf(row)
  const { id, name, priority } = row
  const base = { id, name, priority, addedAt, workers: memo.workers }
  const total = memo.total ?? 0
  const doneAt = row.doneAt ?? memo.overAt ?? 0
  const state = row.state as JobState
  switch (state) {
    case 'open':
      return { ...base, state, wakeAt: row.wakeAt ?? 0 }
    case 'mapping':
    case 'reducing':
      return { ...base, state, total, wakeAt: row.wakeAt ?? 0 }
    case 'completed':
      return { ...base, state, total, doneAt, result }
    case 'failed': {
      const failure = memo.failure ?? { part: null, error: { name: 'Error', message: '', at: doneAt } }
      return { ...base, state, total: memo.total, doneAt, failure }
    }
    case 'cancelled':
      return { ...base, state, total: memo.total, doneAt }
  }
}

/** Which run of the job this is: 1, and one more after each resume. */
export function runOf(row: Row): number {
  return memoTextOf(row).job.run
}

/** Whether held parts with slots of their own may lie anywhere among the others. */
export function isScattered(row: Row): boolean {
  return memoTextOf(row).job.scattered === true
}

/**
 * The row that a job becomes by a move of its own; the moves of its reduce are a task's (`nextRow`). A job that ended
 * early is due once more: whoever claims it skips the parts that have not begun.
 */
export function nextJobRow(job: Job, row: Row, holder: string): NextRow {
  const { failure: _, overAt: __, ...notes } = memoTextOf(row).job
  const isOver = job.state === 'failed' || job.state === 'cancelled'
  const isDispatch = notes.dispatch !== undefined
  const memo: JobMemo = {
    ...notes,
    total: job.state === 'open' ? null : job.total,
    workers: job.workers,
    ...(job.state === 'failed' ? { failure: job.failure } : {}),
    ...(isOver || (isDispatch && job.state === 'completed') ? { overAt: job.doneAt } : {}),
  }
  const addedAt = instantOfId(job.id) === job.addedAt ? undefined : job.addedAt
  return {
    state: job.state,
    priority: job.priority,
    wakeAt: 'wakeAt' in job ? job.wakeAt : isOver ? job.doneAt : null,
    // Attempts are those of the reduce, which has not begun: asking about parts is none.
    tries: 0,
    holder,
    // What a dispatch knows of values that ran is for the next one: a purge does not find it.
    doneAt: job.state === 'completed' && !isDispatch ? job.doneAt : null,
    keepKey: false,
    memo: memoOf(memo, addedAt, job.state === 'completed' ? job.result : undefined),
  }
}

/** As another run of the same job. */
export function anotherRun(next: NextRow): NextRow {
  return withNotes(next, (memo) => ({ ...memo, run: memo.run + 1 }))
}

/** The same job, which is being removed: in another run, so that nobody goes on with it meanwhile. */
export function purgingRow(row: Row, holder: string): NextRow {
  const { state, priority, doneAt } = row
  const { job, ...rest } = memoTextOf(row)
  const memo = JSON.stringify({ job: { ...job, run: job.run + 1, purged: true }, ...rest })
  return { state, priority, wakeAt: null, tries: 0, holder, doneAt, keepKey: false, memo }
}

export function isBeingPurged(row: Row): boolean {
  return jobMemoOf(row)?.purged === true
}

/** The same job, in another run: whoever was about to end it, or to open its parts again, is too late. */
export function resumingRow(row: Row, holder: string): NextRow {
  const { state, priority } = row
  const { job, ...rest } = memoTextOf(row)
  // Nobody sweeps it any more where this call dies; a purge must find it all the same.
  const doneAt = row.doneAt ?? job.overAt ?? 0
  const memo = JSON.stringify({ job: { ...job, run: job.run + 1 }, ...rest })
  return { state, priority, wakeAt: null, tries: 0, holder, doneAt, keepKey: false, memo }
}

/** What the row of a dispatch keeps; `undefined` for any other. */
export function dispatchNotesOf(row: Row): DispatchNotes | undefined {
  return jobMemoOf(row)?.dispatch
}

/** A dispatch begins: as another run, so that one before it that is still under way comes too late. */
export function dispatchingRow(job: Job, row: Row, notes: DispatchNotes, holder: string): NextRow {
  return withNotes(nextJobRow(job, row, holder), (memo) => ({
    ...memo,
    run: memo.run + 1,
    scattered: undefined,
    dispatch: notes,
  }))
}

/** A dispatch whose items were all read. */
export function sealedRow(job: Job, row: Row, fed: unknown, holder: string): NextRow {
  return withNotes(nextJobRow(job, row, holder), (memo) => ({
    ...memo,
    ...(memo.dispatch ? { dispatch: { ...memo.dispatch, fed } } : {}),
  }))
}

/** The same dispatch, with other notes. */
export function notedRow(row: Row, notes: Pick<JobMemo, 'scattered' | 'dispatch'>, holder: string): NextRow {
  return withNotes(nextJobRow(jobOf(row), row, holder), (memo) => ({ ...memo, ...notes }))
}

function withNotes(next: NextRow, change: (memo: JobMemo) => JobMemo): NextRow {
  const { job, ...rest } = decode(next.memo) as { job: JobMemo }
  return { ...next, memo: JSON.stringify({ job: change(job), ...rest }) }
}

/** The same job that is over, with nothing more to be done about its parts; or until then. */
export function restingRow(row: Row, wakeAt: number | null): NextRow {
  const { state, priority, holder, memo } = row
  const { overAt, dispatch } = memoTextOf(row).job
  const doneAt = wakeAt === null && !dispatch ? (overAt ?? row.doneAt ?? 0) : null
  return { state, priority, wakeAt, tries: 0, holder, doneAt, keepKey: false, memo }
}

function memoTextOf(row: Row): { job: JobMemo; addedAt?: number; result?: unknown } {
  const { job, ...rest } = decode(row.memo) as { job?: JobMemo; addedAt?: number; result?: unknown }
  if (!job) throw new TypeError(`Row ${row.id} is no job's`)
  return { job, ...rest }
}

function memoOf(job: JobMemo, addedAt: number | undefined, result?: unknown): string {
  // A key whose value is undefined is left out.
  return JSON.stringify({ job, addedAt, result })
}
