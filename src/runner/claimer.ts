/** Asks the storage for due rows and makes attempts of them. */
import type { Instant } from '../core/duration.ts'
import { messageOf } from '../core/error-record.ts'
import { PieceworkError } from '../core/errors.ts'
import { skip } from '../core/part.ts'
import { begin, type FailedTask, type RunningTask, type SkippedTask, settle } from '../core/task.ts'
import { REDUCING, taskOf, taskRow } from '../storage/codec.ts'
import { jobRow } from '../storage/job-codec.ts'
import { SCHEDULE } from '../storage/schedule-codec.ts'
import type { ClaimRequest, Row } from '../storage/storage.ts'
import { StorageError } from '../storage/storage-error.ts'
import { Attempt, type Lists } from './attempt.ts'
import type { Engine, Settings } from './engine.ts'
import type { Jobs } from './jobs/jobs.ts'
import { JobView, viewsOf } from './jobs/view.ts'
import { readListOf } from './list-reader.ts'
import { ListWriter } from './list-writer.ts'
import { LostClaims } from './lost-claims.ts'
import type { Scheduler } from './schedules/scheduler.ts'

/** How often a row of a list is offered to a storage that fails: about as long as a lease lasts without it. */
const maxListTries = 12

/** What became of one claimed row: an attempt to run, or one with nothing left to try, or a part that is not wanted. */
export interface Claimed {
  readonly attempt: Attempt
  readonly given: FailedTask | SkippedTask | undefined
}

/** What a claim brought: its rows, and those of them that somebody has to run or to store. */
export interface Catch {
  readonly rows: readonly Row[]
  readonly claimed: readonly Claimed[]
}

export class Claimer {
  readonly #engine: Engine
  readonly #leaseMs: number
  readonly #jobs: Jobs
  readonly #scheduler: Scheduler
  readonly #lost: LostClaims
  /** Fences of tasks that this process cancelled while a claim was under way, which may have taken them before. */
  readonly #cancelled = new Map<string, number>()
  #underWay = 0
  #order = 0

  constructor(engine: Engine, leaseMs: number, jobs: Jobs, scheduler: Scheduler) {
    this.#engine = engine
    this.#leaseMs = leaseMs
    this.#jobs = jobs
    this.#scheduler = scheduler
    this.#lost = new LostClaims(engine, leaseMs)
  }

  /** What is cancelled must not begin, even if a claim that is under way has taken it already. */
  skip({ id, rev }: Row): void {
    if (this.#underWay > 0) this.#cancelled.set(id, rev)
  }

  /** @throws whatever the storage throws; the claim is then looked for later. */
  async claim(wants: ClaimRequest['wants'], limit: number): Promise<Catch> {
    this.#underWay++
    try {
      return await this.#claim(wants, limit)
    } finally {
      this.#underWay--
      if (this.#underWay === 0) this.#cancelled.clear()
    }
  }

  async #claim(wants: ClaimRequest['wants'], limit: number): Promise<Catch> {
    const { storage, time, health, newHolder } = this.#engine
    const holder = newHolder()
    let rows: Row[]
    let views: Map<string, JobView>
    let now: Instant
    let until = 0
    let isClaimed = false
    try {
      if (time.hasSlept()) await time.synchronise()
      // Before the claim, which then gets what is given back here.
      await this.#lost.giveBack()
      now = time.now()
      until = now + this.#leaseMs
      rows = await storage.claim({ wants, limit, holder, now, until })
      isClaimed = true
      views = await viewsOf(this.#engine.storage, rows, this.#jobs.failing.look())
      health.up()
    } catch (error) {
      // A StorageError of the claim says that nothing was done; else it may have been made, and only its answer is missing.
      if (isClaimed || !(error instanceof StorageError)) this.#lost.add(holder, until)
      health.down(error)
      throw error
    }
    if (this.#engine.abandoned) {
      // It comes back to a worker that has stopped and must not write any more; should it start again, it will.
      this.#lost.add(holder, until)
      return { rows: [], claimed: [] }
    }
    const claimed: Claimed[] = []
    for (const row of rows) {
      if (row.rev < (this.#cancelled.get(row.id) ?? 0)) continue
      const one = this.#begin(row, now, views)
      if (one) claimed.push(one)
    }
    return { rows, claimed }
  }

  #begin(row: Row, now: number, views: ReadonlyMap<string, JobView>): Claimed | undefined {
    if (row.name === SCHEDULE) {
      this.#scheduler.tend(row)
      return undefined
    }
    const settings = this.#engine.definitions.get(row.name)
    try {
      if (settings?.role.kind === 'job' && row.state !== REDUCING && jobRow(row)) {
        void this.#jobs.tend(row, settings.role.job)
        return undefined
      }
      if (row.state !== REDUCING && !taskRow(row)) throw new TypeError(`it is ${row.state}`)
      const task = taskOf(row)
      if (!settings || task.state !== 'running') throw new TypeError(`it is ${row.state}`)
      if (settings.role.kind === 'job' && !jobRow(row)) return this.#refuse(row, task, settings, now)
      const job = settings.role.kind === 'job' ? new JobView(row, this.#engine.storage) : views.get(row.parent ?? '')
      return this.attempt(row, task, settings, job, now)
    } catch (error) {
      const why = messageOf(error)
      this.#engine.notifier.warn(`Row ${row.id} (${row.name}) is not a task that this version can run: ${why}`)
      return undefined
    }
  }

  /** A task by the name of a job, which somebody added who knew the name alone: left as it is it would come again for ever. */
  #refuse(row: Row, task: RunningTask, settings: Settings, now: Instant): Claimed {
    const error = new TypeError(`${row.name} is a job, whose parts \`work.run\` adds; this was added as a task`)
    const claimed = { order: this.#order++, since: this.#engine.clock.monotonic(), job: undefined }
    const given = settle(task, { kind: 'final', reason: 'invalid_input', error }, settings, now)
    return { attempt: new Attempt(row, task, settings, claimed, this.#lists), given: given as FailedTask }
  }

  /** An attempt of a row that was taken by itself. @throws PieceworkError `stopped` where that came too late. */
  taken(row: Row, settings: Settings, job: JobView | undefined): Claimed {
    const task = taskOf(row)
    if (task.state !== 'running') throw new TypeError(`It is ${row.state}`)
    if (!this.#engine.abandoned) return this.attempt(row, task, settings, job, this.#engine.time.now())
    // As for a claim that comes back to a worker that has stopped.
    this.#lost.add(row.holder ?? '', task.wakeAt)
    throw new PieceworkError('stopped', `Task ${row.id} was taken too late: this instance was stopped`)
  }

  /** An attempt of a row that this process has; a part whose job is over is skipped. */
  attempt(row: Row, task: RunningTask, settings: Settings, job: JobView | undefined, now: Instant): Claimed {
    const isUnwanted = row.parent !== null && !job?.isOpen
    const begun = isUnwanted ? skip(task, now) : begin(task, settings, now)
    const isOver = begun.state !== 'running'
    const claimed = { order: this.#order++, since: this.#engine.clock.monotonic(), job }
    const attempt = new Attempt(row, isOver ? task : begun, settings, claimed, this.#lists)
    return { attempt, given: isOver ? begun : undefined }
  }

  readonly #lists: Lists = {
    write: (attempt, kind) => {
      const { storage, health } = this.#engine
      const { fence, row } = attempt
      const enough = (failures: number) =>
        failures >= maxListTries || attempt.abortReason !== undefined || this.#engine.abandoned
      const insert = (list: Row) => health.through(() => storage.insert([list]), enough)
      return new ListWriter(insert, storage.traits.rowMaxBytes, { id: row.id, name: row.name, fence, kind })
    },
    read: ({ row, fence }, kind) => readListOf(this.#engine.storage, row.id, fence, kind),
  }
}
