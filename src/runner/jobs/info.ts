/** What is known of a job. */
import type { Instant } from '../../core/duration.ts'
import type { ErrorRecord } from '../../core/error-record.ts'
import { PieceworkError } from '../../core/errors.ts'
import { expected } from '../../core/expect.ts'
import { type JobFailure, type JobState, progressOf } from '../../core/job.ts'
import { definitionName, indexOfPart, kindOfName, openStates } from '../../core/part.ts'
import { inputOf, taskOf } from '../../storage/codec.ts'
import { jobOf, jobRow } from '../../storage/job-codec.ts'
import type { Row, Storage } from '../../storage/storage.ts'
import { rowsOfParts } from './view.ts'

/** How far a job is. */
export interface JobProgress {
  /** How many parts it has; `undefined` while they are still being added. */
  readonly total: number | undefined
  /** How many of them are not done; while they are being added, of those that are there. */
  readonly remaining: number
  /** From 0 to 1. */
  readonly fraction: number
  /** A whole number that says 100 only when no part remains. */
  readonly percent: number
}

export interface JobInfo<Metadata = unknown, Reduced = unknown> extends JobProgress {
  readonly id: string
  /** The definition's name; of a dispatch, its consumer's. */
  readonly name: string
  readonly state: JobState
  /** As `run` was given it. */
  readonly metadata: Metadata
  /** What the reduce resolved with; `undefined` unless completed. */
  readonly result: Reduced | undefined
  readonly failed: boolean
  /** Which part failed it and how; `undefined` unless failed. */
  readonly failure: JobFailure | undefined
  /** The records of bad attempts at the reduce, the oldest first. */
  readonly errors: readonly ErrorRecord[]
  /** Attempts at the reduce, the one under way included. */
  readonly attempts: number
  /** The most parts that run at once; `undefined`: as many as there are workers. */
  readonly workers: number | undefined
  readonly priority: number
  readonly addedAt: Instant
  readonly doneAt: Instant | undefined
}

/** A job of more parts than this has to be a mistake; counting stops there. */
const countUpTo = 100_000_000

/** @throws PieceworkError `not_found`. */
export async function readJob(storage: Storage, id: string): Promise<JobInfo> {
  return infoOf(storage, await rowOfJob(storage, id))
}

/** What is known of the job whose row was read. */
export async function infoOf(storage: Storage, row: Row): Promise<JobInfo> {
  return jobInfo(row, await remainingOf(storage, row))
}

/** @throws PieceworkError `not_found`. */
export async function rowOfJob(storage: Storage, id: string): Promise<Row> {
  const row = jobRow((await storage.get([id]))[0])
  if (!row) throw new PieceworkError('not_found', `No job has the id ${id}`)
  return row
}

export function jobInfo(row: Row, remaining: number): JobInfo {
  const job = jobOf(row)
  const total = 'total' in job ? (job.total ?? undefined) : undefined
  const reduce = job.state === 'open' || job.state === 'mapping' ? undefined : taskOf(row)
  return {
    id: job.id,
    name: definitionName(job.name),
    state: job.state,
    metadata: inputOf(row),
    total,
    remaining,
    ...(total === undefined ? { fraction: 0, percent: 0 } : progressOf(total, remaining)),
    result: job.state === 'completed' ? job.result : undefined,
    failed: job.state === 'failed',
    failure: job.state === 'failed' ? job.failure : undefined,
    errors: reduce?.errors ?? [],
    attempts: reduce?.attempts ?? 0,
    workers: job.workers ?? undefined,
    priority: job.priority,
    addedAt: job.addedAt,
    doneAt: 'doneAt' in job ? job.doneAt : undefined,
  }
}

/**
 * Of a job whose parts are asked for by their numbers. Executions of a dispatch have none, and an empty answer would say
 * that there are no parts. @throws PieceworkError `not_found`; TypeError for a dispatch.
 */
export async function rowOfNumbered(storage: Storage, id: string): Promise<Row> {
  const row = await rowOfJob(storage, id)
  if (kindOfName(row.name) !== 'dispatches') return row
  throw expected('id', 'that of a job whose parts have numbers, not of a dispatch', id)
}

/** The indexes of parts that are not done, in order, read as they are asked for. @throws PieceworkError `not_found`. */
export async function* pendingParts(storage: Storage, id: string): AsyncGenerator<number, void, undefined> {
  await rowOfNumbered(storage, id)
  for await (const row of rowsOfParts(storage, id, openStates)) {
    const index = indexOfPart(row.id)
    if (index !== undefined) yield index
  }
}

/** How many parts are still to be done: counted, where the state does not say that there is none. */
export async function remainingOf(storage: Storage, row: Row): Promise<number> {
  if (row.state !== 'open' && row.state !== 'mapping' && row.state !== 'failed' && row.state !== 'cancelled') return 0
  const { counts } = await storage.count({ parent: row.id, states: openStates, upTo: countUpTo })
  return Object.values(counts)
    .flatMap((states) => Object.values(states))
    .reduce((sum, count) => sum + count, 0)
}
