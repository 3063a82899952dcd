/** A worker: an intake that claims due tasks and a crew that runs them. */
import { PieceworkError } from '../core/errors.ts'
import { hasRecurred } from '../core/task.ts'
import type { Row } from '../storage/storage.ts'
import { Alarm } from './alarm.ts'
import type { Attempt } from './attempt.ts'
import { fulfilledWithin } from './clock.ts'
import { Crew } from './crew.ts'
import type { Engine } from './engine.ts'
import { Intake, type Roles } from './intake.ts'
import type { PartContext } from './jobs/context.ts'
import { Jobs } from './jobs/jobs.ts'
import { Outside, type PartPlace, type PartReport } from './jobs/outside.ts'
import { Pauses } from './pauses.ts'
import { RunTask, type TaskRun } from './run-task.ts'
import { Scheduler } from './schedules/scheduler.ts'
import type { SettledTask } from './settler.ts'
import type { WorkerOptions } from './worker-options.ts'

/** When to ask again after a hint: a commit takes from a part of a millisecond to some ten. */
const hintAgainMs = [3, 30]

/** How long a handler is given to end after a stop aborted it, and its outcome to be stored. */
const stopGraceMs = 200

/** What a stop could not finish. */
export interface StopReport {
  /** Tasks that were claimed or running and will run again, without the attempt being counted. */
  readonly givenBack: string[]
  /** Tasks whose handler did not end; they become due when their lease ends, and the attempt counts. */
  readonly abandoned: string[]
}

export class Worker {
  readonly pauses: Pauses
  readonly jobs: Jobs
  readonly #scheduler: Scheduler
  readonly #engine: Engine
  readonly #crew: Crew
  readonly #intake: Intake
  readonly #outside: Outside
  readonly #runTask: RunTask
  readonly #alarm: Alarm
  readonly #tickAlarm: Alarm
  /** What runs in the foreground: a stop waits for it as for the rest. */
  readonly #foreground = new Set<Promise<unknown>>()
  /** While it stops. */
  #report: StopReport | undefined
  #ended = 0

  constructor(engine: Engine, options: WorkerOptions) {
    this.#engine = engine
    this.pauses = new Pauses(engine)
    this.jobs = new Jobs(engine, {
      due: (at) => this.noteDue(at),
      idle: () => this.#intake.ring(),
    })
    this.#crew = new Crew(engine, options, this.jobs, {
      hungry: () => this.#intake.ring(),
      ended: (attempt, task) => this.#onEnded(attempt, task),
      left: (attempt) => this.#report?.abandoned.push(attempt.row.id),
    })
    this.#scheduler = new Scheduler(engine, {
      due: (at) => this.noteDue(at),
      tick: (at) => this.noteTick(at),
      idle: () => this.#intake.ring(),
    })
    this.#intake = new Intake(engine, options, this.#crew, this.pauses, this.jobs, this.#scheduler)
    this.#outside = new Outside(
      engine,
      {
        begin: (row, settings, job) => this.#intake.begin(row, settings, job),
        runHere: (claimed) => this.#crew.runNow(claimed),
        settle: (...job) => this.jobs.settle(...job),
        mend: (id) => this.jobs.mend(id),
        ask: (...job) => this.jobs.ask(...job),
      },
      options.leaseMs,
    )
    this.#runTask = new RunTask(
      engine,
      {
        begin: (row, settings) => this.#intake.begin(row, settings),
        runHere: (claimed) => {
          if (!this.#report) return this.#crew.runNow(claimed)
          this.#crew.giveBackWaiting([claimed])
          throw new PieceworkError('stopped', 'This instance is being stopped')
        },
      },
      options.leaseMs,
    )
    this.#alarm = new Alarm(engine.clock, engine.time, () => this.wake())
    this.#tickAlarm = new Alarm(engine.clock, engine.time, () => this.#intake.wakeForTicks())
  }

  /** Whether it works for good: from start to stop. */
  get started(): boolean {
    return this.#intake.started
  }

  /** How many attempts this process holds: claimed, running, or waiting to be stored. */
  get held(): number {
    return this.#crew.held
  }

  start(roles: Roles): void {
    this.#engine.abandoned = false
    this.#intake.start(roles)
  }

  /** Rows may have become due: ask the storage again. */
  wake(): void {
    this.#intake.wake()
  }

  /** A hint may come before its commit can be seen (SQLite's log grows first): ask at once, and twice again soon. */
  hint(): void {
    this.wake()
    for (const delayMs of hintAgainMs) this.noteDue(this.#engine.time.now() + delayMs)
  }

  /** A row that this process knows of becomes due then. */
  noteDue(instant: number): void {
    if (!this.#intake.active) return
    if (instant <= this.#engine.time.now()) this.wake()
    else this.#alarm.set(instant)
  }

  /** A schedule that this process knows of becomes due then. */
  noteTick(instant: number): void {
    if (!this.#intake.active) return
    if (instant <= this.#engine.time.now()) this.#intake.wakeForTicks()
    else this.#tickAlarm.set(instant)
  }

  /** Runs what is due until nothing is; resolves with how many attempts ended and were not given back. */
  async drain(): Promise<number> {
    if (this.#report) return 0
    this.#engine.abandoned = false
    const before = this.#ended
    await this.#intake.drain()
    // Nobody would hear it: it would only keep the process from ending, until the next tick for one.
    if (!this.#intake.active) this.#endAlarms()
    return this.#ended - before
  }

  /** Claims one due task, runs it here and now, and resolves with its id once its outcome is stored. */
  async runNext(): Promise<string | undefined> {
    if (this.#report) return undefined
    this.#engine.abandoned = false
    return this.#inForeground(this.#runOne())
  }

  /** One part that a consumer outside was brought, and the reduce if that is due then and nobody works here. */
  async part(place: PartPlace, body: (context: PartContext<never, never>) => unknown): Promise<PartReport> {
    if (this.#report) throw new PieceworkError('stopped', 'This instance is being stopped')
    this.#engine.abandoned = false
    return this.#inForeground(this.#outside.part(place, body))
  }

  /** This very task, here and now, unless somebody else has it or it is done. */
  async runTask(id: string): Promise<TaskRun> {
    if (this.#report) throw new PieceworkError('stopped', 'This instance is being stopped')
    this.#engine.abandoned = false
    return this.#inForeground(this.#runTask.run(id))
  }

  /** Of a job whose parts are processed outside: moves it on if they are all done already. */
  async settleOutside(jobId: string): Promise<void> {
    if (this.#report) return
    await this.#inForeground(this.#outside.settle(jobId, []).then(() => this.jobs.mend(jobId)))
  }

  /** Ends the attempt of a task that was cancelled by this process, and any that a claim under way may bring. */
  abortCancelled(row: Row, reason: Error): void {
    this.#intake.skip(row)
    this.#crew.abortCancelled(row, reason)
  }

  /** Stops claiming, gives back what has not begun, waits for the rest, then aborts it. */
  async stop(timeoutMs: number): Promise<StopReport> {
    const report: StopReport = { givenBack: [], abandoned: [] }
    const { clock } = this.#engine
    this.#report = report
    this.#endAlarms()
    const finished = this.#finish()
    if (!(await fulfilledWithin(clock, timeoutMs, finished))) {
      this.#crew.abortAll(stopGraceMs)
      await fulfilledWithin(clock, stopGraceMs + 50, finished)
    }
    // From here on nothing is written, whatever comes back or ends late.
    this.#engine.abandoned = true
    this.#engine.health.endPauses()
    this.#crew.abandon()
    this.#report = undefined
    return report
  }

  #endAlarms(): void {
    this.#alarm.stop()
    this.#tickAlarm.stop()
  }

  async #finish(): Promise<void> {
    await this.#intake.stop()
    this.#crew.giveBackWaiting()
    await Promise.allSettled(this.#foreground)
    await this.#crew.finish()
    await this.jobs.idle()
    await this.#scheduler.idle()
  }

  async #runOne(): Promise<string | undefined> {
    const claimed = await this.#intake.claimOne()
    if (!claimed) return undefined
    if (this.#report) {
      this.#crew.giveBackWaiting([claimed])
      return undefined
    }
    await this.#crew.runNow(claimed)
    return claimed.attempt.row.id
  }

  async #inForeground<T>(running: Promise<T>): Promise<T> {
    this.#foreground.add(running)
    try {
      return await running
    } finally {
      this.#foreground.delete(running)
    }
  }

  #onEnded(attempt: Attempt, task: SettledTask | undefined): void {
    const waits = task?.state === 'waiting' && !hasRecurred(attempt.task, task)
    const givenBack = waits && task.attempts < attempt.task.attempts
    if (givenBack) this.#report?.givenBack.push(task.id)
    else this.#ended++
    if (task?.state === 'waiting') this.noteDue(task.wakeAt)
    if (this.#crew.held > 0) return
    if (this.#intake.active) this.#intake.ring()
    else this.#crew.beat(false)
  }
}
