/**
 * What keeps jobs going beside their parts: who is told when a part ended, and what a job that wakes wants.
 *
 * Everything here is level-triggered. A process may die at any line: the parts say what is true, the job is asked again
 * when it wakes, and whoever asks comes to the same answer.
 */
import { messageOf } from '../../core/error-record.ts'
import { cancel, complete, fail, type Job, type JobFailure, judge, type PartsSeen } from '../../core/job.ts'
import { jobOf, jobRow, runOf } from '../../storage/job-codec.ts'
import type { Row } from '../../storage/storage.ts'
import type { Engine } from '../engine.ts'
import { announceOpen } from './announce.ts'
import type { JobSettings } from './definition.ts'
import { endedByJob, type Stored } from './ended.ts'
import { Ends } from './ends.ts'
import { FailedParts } from './failed-parts.ts'
import { Failing } from './failing.ts'
import { JobMoves } from './job-moves.ts'
import { look } from './look.ts'
import { mendSlots } from './mend-slots.ts'
import { OpenParts } from './open-parts.ts'
import { mayResume, renewSlots, resumeJob } from './resume.ts'
import { type Heirs, nobody, Slots } from './slots.ts'
import { reopenSkipped, sweep } from './sweep.ts'

/** How often a resume is tried whose job others write to at the same time. */
const maxResumes = 20

/** A job that waits for its parts. */
type WaitingJob = Extract<Job, { state: 'open' | 'mapping' }>

/** Who hears of jobs. */
export interface JobsListener {
  /** A job becomes due then. */
  due(at: number): void
  /** Nothing more is done about any job. */
  idle(): void
}

export class Jobs {
  readonly #engine: Engine
  readonly #listener: JobsListener
  readonly slots: Slots
  readonly failing = new Failing()
  readonly ends = new Ends()
  readonly #moves: JobMoves
  readonly #openParts: OpenParts
  readonly #failedParts: FailedParts
  readonly #underWay = new Set<Promise<void>>()
  #filling = false

  constructor(engine: Engine, listener: JobsListener) {
    this.#engine = engine
    this.#listener = listener
    this.#moves = new JobMoves(engine, (job, wakeAt) => {
      if (wakeAt !== null) listener.due(wakeAt)
      if (isOver(job)) this.ends.tell(job.id)
    })
    this.#openParts = new OpenParts(engine.storage)
    this.#failedParts = new FailedParts(engine)
    this.slots = new Slots(engine, ({ wakeAt }) => listener.due(wakeAt ?? 0))
  }

  /** Whether something is done about a job at this moment. */
  get busy(): boolean {
    return this.#underWay.size > 0
  }

  /** Resolves when nothing is done about any job. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** To be called before attempts are stored: which held parts get the slots of those that end. */
  chooseHeirs(ended: readonly Stored[]): Heirs | Promise<Heirs> {
    const parts = ended.flatMap(({ attempt, task }) => {
      const isDone = task.state === 'completed' || task.state === 'failed'
      return isDone && task.slot && attempt.row.parent !== null ? [{ task, jobId: attempt.row.parent }] : []
    })
    return parts.length === 0 ? nobody : this.slots.choose(parts)
  }

  /** To be called when attempts at parts are stored. Never rejects: what is left undone the job does when it wakes. */
  async ended(stored: readonly Stored[], heirs: Heirs): Promise<void> {
    for (const { attempt, task } of stored) if (attempt.settings.role.kind === 'job') this.ends.tell(task.id)
    const jobs = endedByJob(stored)
    if (jobs.size === 0) return
    await this.#tend('the jobs of parts that ended', async () => {
      const ids = new Set(stored.map(({ task }) => task.id))
      const kept = new Map([...heirs].filter(([id]) => ids.has(id)))
      if (kept.size > 0) await this.slots.handOn(kept)
      for (const [jobId, { settings, failed, failure, run }] of jobs) {
        // Parts of an earlier run keep slots from being used: one of them may have ended.
        if (run !== undefined) await this.mend(jobId, run)
        const isMoved = failure && (await this.#fail(jobId, failure.of, failure.run))
        // In another run, its parts say whether that failure still counts.
        if (failure && !isMoved) await this.ask(jobId, settings)
        else if (!failure && (await this.#failedParts.areTooMany(jobId, failed, settings.threshold)))
          await this.ask(jobId, settings)
      }
      for (const jobId of await this.#openParts.noneOf(jobs)) await this.ask(jobId, jobs.get(jobId)!.settings)
    })
  }

  /** It may have been resumed since that part began, and the part with it. */
  #fail(jobId: string, failure: JobFailure, begunIn: number | undefined): Promise<boolean> {
    return this.#moves.move(jobId, (job, now, row) =>
      isMapped(job) && runOf(row) === begunIn ? fail(job, failure, now) : undefined,
    )
  }

  /** Slots that nobody could take, while parts are still being added, are offered again. */
  fillSlots(): void {
    if (!this.slots.idle || this.#filling) return
    this.#filling = true
    void this.#tend('idle slots', () => this.slots.fill()).finally(() => {
      this.#filling = false
    })
  }

  /**
   * The same for a job of which somebody may have left this undone; `done` are parts that are known not to be open.
   * Resolves with whether none is.
   */
  async settle(jobId: string, done: readonly string[], settings: JobSettings): Promise<boolean> {
    const finished = await this.#openParts.noneOf(new Map([[jobId, { ids: new Set(done) }]]))
    if (finished.length > 0) await this.ask(jobId, settings)
    return finished.length > 0
  }

  /** Finds slots that lie idle, unless the job is in this very run: then its parts hand them on. */
  async mend(jobId: string, unlessRun?: number): Promise<void> {
    const row = jobRow((await this.#engine.storage.get([jobId]))[0])
    if (row && isMapped(jobOf(row)) && runOf(row) !== unlessRun) await mendSlots(this.#engine.storage, this.slots, row)
  }

  /** Looks at all parts, and moves the job if they say so. */
  async ask(jobId: string, settings: JobSettings): Promise<void> {
    await this.#moves.move(jobId, async (job, now, row) => {
      if (!isMapped(job)) return undefined
      const seen = await look(this.#engine.storage, row, settings.threshold)
      const next = await this.#judged(row, job, seen, settings, now)
      // That a part is still open is nothing to write down.
      return next.state === job.state ? undefined : next
    })
  }

  /** `false` when it was over before. */
  async cancel(jobId: string): Promise<boolean> {
    const isCancelled = await this.#moves.move(jobId, (job, now) => (isOver(job) ? undefined : cancel(job, now)))
    // Where no worker runs, or asks for it only now and then, nobody else would skip its parts soon.
    if (isCancelled) await this.attend(jobId)
    return isCancelled
  }

  /** Does at once what is to be done about a job. */
  async attend(jobId: string): Promise<void> {
    const { storage, definitions } = this.#engine
    await this.#tend(`job ${jobId}`, async () => {
      const row = jobRow((await storage.get([jobId]))[0])
      const role = row && definitions.get(row.name)?.role
      if (row && role?.kind === 'job') await this.tend(row, role.job)
    })
  }

  /**
   * `false` where it is not over, was completed, or never had all its parts. Parts that consumers outside do are announced
   * again, also those of a job that goes on already: so a call whose messages could not be sent can be made again.
   */
  async resume(jobId: string): Promise<boolean> {
    const { storage, health } = this.#engine
    // A call whose storage failed half-way is made again from its beginning, as another run.
    const { found, resumed } = await health.answer({ doing: `job ${jobId} was resumed`, ids: [jobId] }, async () => {
      for (let round = 0; ; round++) {
        const found = jobRow((await storage.get([jobId]))[0])
        const resumed = found && (await resumeJob(this.#engine, this.slots, found))
        // Whoever sweeps it may have been first; the next look tells whether it is that or another resume.
        if (resumed || !found || !mayResume(found) || round === maxResumes) return { found, resumed }
      }
    })
    const role = found && this.#engine.definitions.get(found.name)?.role
    const row = resumed ?? (found?.state === 'mapping' && role?.job.announce ? found : undefined)
    if (!row) return false
    if (row.wakeAt !== null) this.#listener.due(row.wakeAt)
    if (role?.kind !== 'job') return true
    // Its parts are held, and where consumers outside do them there may be no worker to let them go.
    if (resumed) await this.tend(row, role.job)
    await announceOpen(storage, row, role.job)
    return true
  }

  /** A job's own row was claimed, and it is not its reduce that is due. */
  async tend(row: Row, settings: JobSettings): Promise<void> {
    await this.#tend(`job ${row.id}`, async () => {
      const job = jobOf(row)
      const { storage, time } = this.#engine
      if (job.state === 'failed' || job.state === 'cancelled') return sweep(this.#engine, row, job, settings)
      if (!isMapped(job)) return
      if (settings.closeLate) await settings.closeLate(this.#engine, row, await this.slots.isWanted(row))
      // A dispatch that still reads items may find one of those that a dispatch before it left, and count it as its own.
      const mayReopen = job.state === 'mapping' || !settings.report
      if (mayReopen && (await reopenSkipped(this.#engine, row))) this.#listener.due(time.now())
      const seen = await look(storage, row, settings.threshold)
      const isStuck = seen.open && (await mendSlots(storage, this.slots, row))
      // One whose parts are still being added, and a dispatch, are known by their run to those who store more.
      if (isStuck && job.state === 'mapping' && !settings.report) return this.#giveSlotsAgain(row)
      await this.#moves.store(row, await this.#judged(row, job, seen, settings, time.now()))
    })
  }

  /** Another run, with slots of its own. Whoever had one of those of the run before is counted as an older part. */
  async #giveSlotsAgain(row: Row): Promise<void> {
    const mapping = await renewSlots(this.#engine, this.slots, row)
    if (mapping) await mendSlots(this.#engine.storage, this.slots, mapping)
  }

  async #judged(row: Row, job: WaitingJob, seen: PartsSeen, settings: JobSettings, now: number): Promise<Job> {
    const next = judge(job, seen, settings.threshold, now)
    if (next.state !== 'reducing' || !settings.report) return next
    return complete(next, await settings.report(this.#engine.storage, row), now)
  }

  async #tend(what: string, body: () => Promise<void>): Promise<void> {
    const tending = body().then(
      () => this.#engine.health.up(),
      (error) => this.#engine.notifier.info(`What is to be done about ${what} is put off: ${messageOf(error)}`),
    )
    this.#underWay.add(tending)
    await tending
    this.#underWay.delete(tending)
    if (this.#underWay.size === 0) this.#listener.idle()
  }
}

function isOver(job: Job): job is Extract<Job, { doneAt: number }> {
  return 'doneAt' in job
}

function isMapped(job: Job): job is WaitingJob {
  return job.state === 'open' || job.state === 'mapping'
}
