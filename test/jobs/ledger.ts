/** A storage that checks at every write, whoever makes it, what must hold of jobs and of their parts. */
import type { MemoryStorage } from '../../adapters/memory/index.ts'
import { failedAllowed } from '../../src/core/job.ts'
import { jobMoves, taskMoves } from '../../src/index.ts'
import { taskOf } from '../../src/storage/codec.ts'
import type { Row } from '../../src/storage/index.ts'
import { jobOf, jobRow, runOf } from '../../src/storage/job-codec.ts'
import { type Ledger, ledger } from '../runner/ledger.ts'
import type { JobPlan } from './plan.ts'

/** What the reduce of these tests answers: what it was given, and under which fence. */
export interface Reduced {
  readonly fence: number
  readonly seen: readonly (readonly [index: number, result: unknown])[]
}

export interface JobLedger extends Ledger {
  /** What did not hold. Thrown, it would pass for a fault of the storage. */
  readonly broken: string[]
  /** Every row that a part of this job has. */
  parts(jobId: string): Row[]
  /** How often a reduce of this job was committed. */
  reduces(jobId: string): number
  /** How often it came to be due. */
  setOff(jobId: string): number
  /** Whether the job of this part was over when this claim took it. */
  claimedTooLate(id: string, fence: number): boolean
}

const openStates = ['held', 'waiting', 'running']
const overStates = ['failed', 'cancelled']

export function jobLedger(memory: MemoryStorage, planOf: (jobId: string) => JobPlan): JobLedger {
  const storage = ledger(memory)
  const { broken } = storage
  const reduces = new Map<string, number>()
  const setOff = new Map<string, number>()
  const late = new Set<string>()
  const check = (holds: boolean, what: string) => {
    if (!holds) broken.push(what)
  }
  const one = (id: string) => storage.get([id])[0]
  const parts = (jobId: string) => storage.find({ parent: jobId }, 10_000).rows
  const isOver = (part: Row) => overStates.includes(one(part.parent!)?.state ?? '')

  const partWritten = (before: Row, after: Row) => {
    const job = one(after.parent!)
    const move = `${after.id}: ${before.state} -> ${after.state} under a job that is ${job?.state}`
    const same = before.state === after.state
    check(
      same || Object.hasOwn(taskMoves[before.state as keyof typeof taskMoves], after.state),
      `no such move: ${move}`,
    )
    if (openStates.includes(after.state)) {
      check(
        job?.state !== 'reducing' && job?.state !== 'completed',
        `P-REDUCE a part opened beside the reduce, ${move}`,
      )
    }
    if (before.state === 'completed') {
      check(resultOf(before) === resultOf(after), `P-PARTS a recorded result changed, ${move}`)
    } else if (after.state === 'completed') {
      const { result } = taskOf(after) as { result?: { fence?: number } }
      check(result?.fence === before.rev, `P-PARTS MR-03 a result of another fence was recorded, ${move}`)
    }
  }

  const jobWritten = (before: Row, after: Row) => {
    const [from, to] = [jobOf(before), jobOf(after)]
    const { id } = after
    const move = `${id}: ${from.state} -> ${to.state}`
    const same = from.state === to.state
    check(same || Object.hasOwn(jobMoves[from.state], to.state), `no such move: ${move}`)
    if (from.state === 'open' && to.state === 'mapping') {
      check(
        to.total === planOf(id).parts.length && parts(id).length === to.total,
        `MR-05 sealed without all parts, ${move}`,
      )
    }
    if (to.state === 'reducing' && !same) reduceSetOff(id, move)
    if (to.state === 'completed' && !same) reduced(after, move)
    if (to.state === 'failed' && from.state === 'failed') {
      check(JSON.stringify(from.failure) === JSON.stringify(to.failure), `the first failure did not stay, ${move}`)
    } else if (to.state === 'failed') failed(after, from.state, move)
    if (overStates.includes(from.state) && to.state === 'mapping') {
      check(runOf(after) > 1, `a resume that is no new run, ${move}`)
    } else check(runOf(after) >= runOf(before), `the run went back, ${move}`)
  }

  const reduceSetOff = (id: string, move: string) => {
    const {
      parts: { length: total },
      threshold,
    } = planOf(id)
    setOff.set(id, (setOff.get(id) ?? 0) + 1)
    const states = parts(id).map(({ state }) => state)
    check(states.length === total, `P-REDUCE ${states.length} of ${total} parts were there, ${move}`)
    check(!states.some((state) => openStates.includes(state)), `P-REDUCE a part is still open, ${move} with ${states}`)
    check(!states.includes('skipped'), `P-PARTS a part was skipped, ${move} with ${states}`)
    const failures = states.filter((state) => state === 'failed').length
    check(failures <= failedAllowed(threshold, total), `MR-07 a failed job reduces, ${move} with ${states}`)
  }

  const reduced = (job: Row, move: string) => {
    reduces.set(job.id, (reduces.get(job.id) ?? 0) + 1)
    check(reduces.get(job.id) === 1, `P-REDUCE a second reduce was committed, ${move}`)
    if (planOf(job.id).kind === 'announced') return
    const { result } = taskOf(job) as { result?: Reduced }
    const recorded = parts(job.id).flatMap((row) => {
      const task = taskOf(row)
      return task.state === 'completed' ? [[Number(row.id.slice(-8)), task.result]] : []
    })
    check(JSON.stringify(result?.seen) === JSON.stringify(recorded), `P-PARTS the reduce saw other results, ${move}`)
  }

  /** A job fails by what its parts say at that instant, or by its reduce. */
  const failed = (job: Row, from: string, move: string) => {
    const { failure } = jobOf(job) as { failure?: { part: number | null; error: { message: string } } }
    if (from === 'reducing') return check(failure?.part === null, `the reduce failed, and a part is named, ${move}`)
    const {
      parts: { length: total },
      threshold,
    } = planOf(job.id)
    const tasks = parts(job.id).map(taskOf)
    const failures = tasks.filter(({ state }) => state === 'failed')
    const isFailedByKind = tasks.some((task) => task.state === 'failed' && task.reason === 'fails_job')
    check(isFailedByKind || failures.length > failedAllowed(threshold, total), `failed for no reason, ${move}`)
    const named = tasks.find(({ id }) => Number(id.slice(-8)) === failure?.part)
    const isNamed = named?.state === 'failed' && named.errors.at(-1)?.message === failure?.error.message
    check(isNamed, `the failure that is kept is no part's, ${move} ${JSON.stringify(failure)}`)
  }

  /** A part that waits or runs has one of the job's slots. */
  const checkSlots = (jobId: string) => {
    const row = jobRow(one(jobId))
    if (!row || overStates.includes(row.state)) return
    const { workers } = jobOf(row)
    if (workers === null) return
    const atWork = parts(jobId).filter(({ state }) => state === 'waiting' || state === 'running').length
    check(atWork <= workers, `${atWork} parts of ${jobId} have a slot of ${workers}`)
  }

  return {
    ...storage,
    parts,
    reduces: (jobId) => reduces.get(jobId) ?? 0,
    setOff: (jobId) => setOff.get(jobId) ?? 0,
    claimedTooLate: (id, fence) => late.has(`${id}@${fence}`),
    insert(rows) {
      const results = storage.insert(rows)
      for (const id of new Set(rows.map(({ parent }) => parent))) if (id !== null) checkSlots(id)
      return results
    },
    claim(request) {
      const rows = storage.claim(request)
      for (const row of rows) if (row.parent !== null && isOver(row)) late.add(`${row.id}@${row.rev}`)
      return rows
    },
    apply(changes) {
      const befores = storage.get(changes.map(({ row }) => row.id))
      const results = storage.apply(changes)
      const jobs = new Set<string>()
      for (const before of befores) {
        const after = before && one(before.id)
        if (!after || after.rev !== before.rev + 1) continue
        if (after.parent !== null) partWritten(before, after)
        else if (jobRow(before)) jobWritten(before, after)
        if (after.parent !== null || jobRow(after)) jobs.add(after.parent ?? after.id)
      }
      for (const jobId of jobs) checkSlots(jobId)
      return results
    },
  }
}

function resultOf(row: Row): string {
  const task = taskOf(row)
  return JSON.stringify(task.state === 'completed' ? task.result : task.state)
}
