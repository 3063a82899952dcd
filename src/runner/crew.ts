/** Runs claimed attempts side by side, keeps their leases, and hands their outcomes to be stored. */
import PQueue from 'p-queue'
import { StoppingError } from '../core/errors.ts'
import type { Row } from '../storage/storage.ts'
import type { Attempt } from './attempt.ts'
import { Buffer } from './buffer.ts'
import type { Claimed } from './claimer.ts'
import { Deadlines } from './deadlines.ts'
import type { Engine } from './engine.ts'
import { abort, type ExecutionTools, eventOf, execute } from './execution.ts'
import type { Jobs } from './jobs/jobs.ts'
import { Leases } from './leases.ts'
import { Pace } from './pace.ts'
import { ProgressWriter } from './progress-writer.ts'
import { Pulse } from './pulse.ts'
import { type SettledTask, Settler } from './settler.ts'
import type { WorkerOptions } from './worker-options.ts'

/**
 * Suspects that go back come due again one after another, as far apart as one of them takes within these bounds, since
 * they run one at a time; and within a few seconds, since how long they take is a guess. A second for each took 84 s for
 * 84 that were done in a millisecond; without the spread a thousand met each other 2,500 times a second.
 */
const suspectGapMs = { least: 20, unknown: 100, most: 1_000 }
const suspectSpreadMs = 5_000

/** Who hears of what becomes of attempts. */
export interface CrewListener {
  /** There is room for more. */
  hungry(): void
  /** An attempt is through; without a task, when nothing of it was stored. */
  ended(attempt: Attempt, task: SettledTask | undefined): void
  /** The handler was told to end and did not: its row is left to its lease. */
  left(attempt: Attempt): void
}

export class Crew {
  readonly #engine: Engine
  readonly #options: WorkerOptions
  readonly #jobs: Jobs
  readonly #listener: CrewListener
  /** Claimed and not stored yet, by id: what leases are kept for. */
  readonly #held = new Map<string, Attempt>()
  readonly #buffer: Buffer
  readonly #lanes: PQueue
  readonly #pace: Pace
  readonly #settler: Settler
  readonly #leases: Leases
  readonly #pulse: Pulse
  readonly #tools: ExecutionTools
  /** The monotonic time at which the last suspect that was given back comes due again. */
  #suspectsUntil = 0
  /** When no more than so many wait, it is time for more. */
  #lowWater = 0

  constructor(engine: Engine, options: WorkerOptions, jobs: Jobs, listener: CrewListener) {
    this.#engine = engine
    this.#options = options
    this.#jobs = jobs
    this.#listener = listener
    const limits = [...engine.definitions].flatMap(([name, { concurrency }]): [string, number][] =>
      concurrency === undefined ? [] : [[name, concurrency]],
    )
    this.#buffer = new Buffer(new Map(limits))
    this.#lanes = new PQueue({ concurrency: options.concurrency })
    this.#pace = new Pace(options.concurrency, engine.storage.traits.batchMax)
    this.#tools = { deadlines: new Deadlines(engine.clock), notifier: engine.notifier, now: () => engine.time.now() }
    this.#settler = new Settler(engine, jobs, (attempt, task) => this.#release(attempt, task))
    this.#leases = new Leases(engine, this.#held, options.leaseMs, (attempt, reason) => this.#abort(attempt, reason))
    const progress = new ProgressWriter(engine, this.#held, options.leaseMs, (attempt) => this.#leases.lose(attempt))
    this.#pulse = new Pulse(engine, options, this.#leases, progress, () => this.#giveBackOverdue())
  }

  /** How many attempts this process holds: claimed, running, or waiting to be stored. */
  get held(): number {
    return this.#held.size
  }

  /** Whether tasks that went back from here, because one at a time is enough of their kind, are still to come due. */
  get awaitsSuspects(): boolean {
    return this.#engine.clock.monotonic() < this.#suspectsUntil
  }

  /** How many to claim now, over all and of one definition. 0: there is no room, or not enough for a batch. */
  room(): { readonly all: number; of(name: string, concurrency: number | undefined): number } {
    const { concurrency } = this.#options
    const { batchMax } = this.#engine.storage.traits
    const ahead = this.#pace.aheadInAll
    // Half of what is fetched ahead is used up before more is fetched, so that claims stay batches.
    this.#lowWater = ahead / 2
    const free = concurrency - this.#lanes.pending
    // Free lanes beside many that wait: their definitions are at their limits, and others may run.
    const wanted = this.#buffer.size > this.#lowWater ? free : free + ahead - this.#buffer.size
    const all = this.#settler.size > 2 * batchMax ? 0 : Math.min(batchMax, wanted)
    return {
      all,
      of: (name, own = concurrency) => Math.min(all, own + this.#pace.ahead(name, own) - this.#buffer.held(name)),
    }
  }

  /** Resolves when the leases of all that is held here are known to last, or the storage does not say. */
  confirmLeases(): Promise<void> {
    return this.#leases.confirm()
  }

  /** Takes what was claimed. What has no attempt left is stored, a second suspect goes back, the rest will run. */
  receive(claimed: readonly Claimed[]): void {
    for (const { attempt, given } of claimed) {
      this.#hold(attempt)
      if (given) this.#settler.add(attempt, given)
      else if (this.#buffer.refuses(attempt)) this.#giveBack(attempt, this.#suspectDelayMs(attempt))
      else this.#buffer.put(attempt)
    }
    // A lane runs one attempt after another while there are any: concurrency costs nothing per task.
    const free = this.#options.concurrency - this.#lanes.pending - this.#lanes.size
    for (let lane = Math.min(free, this.#buffer.size); lane > 0; lane--) void this.#lanes.add(() => this.#lane())
  }

  /** Runs one attempt now, beside whatever else runs, and resolves when its outcome is stored. */
  async runNow({ attempt, given }: Claimed): Promise<void> {
    this.#hold(attempt)
    if (given) this.#settler.add(attempt, given)
    else await this.#perform(attempt)
    await this.#settler.flush()
  }

  /** Beats while there is a worker, even an idle one: it notices a machine's sleep. */
  beat(on: boolean): void {
    if (on) this.#pulse.start()
    else if (this.#held.size === 0) this.#pulse.stop()
  }

  /** Takes attempts that came too late to be begun, and all that wait: each goes back uncounted. */
  giveBackWaiting(claimed: readonly Claimed[] = []): void {
    for (const { attempt } of claimed) {
      this.#hold(attempt)
      this.#giveBack(attempt, 0)
    }
    for (const attempt of this.#buffer.remove(() => true)) this.#giveBack(attempt, 0)
  }

  /** Resolves when nothing runs and everything is stored. */
  async finish(): Promise<void> {
    await this.#lanes.onIdle()
    await this.#settler.flush()
  }

  /** Tells all that run to end, and waits no longer than this for one that does not. */
  abortAll(graceMs: number): void {
    for (const attempt of this.#held.values()) {
      if (attempt.phase === 'running') abort(attempt, new StoppingError('The worker stops'), this.#tools, graceMs)
    }
  }

  /** Ends the attempt of a task that was cancelled by this process, without waiting for the next beat. */
  abortCancelled({ id, rev }: Row, reason: Error): void {
    const attempt = this.#held.get(id)
    // A newer attempt is of a task that was retried by hand since.
    if (!attempt || attempt.phase === 'ended' || attempt.row.rev > rev) return
    attempt.phase = 'lost'
    this.#abort(attempt, reason)
  }

  /** Lets go of all that could not be finished; their leases will run out. */
  abandon(): void {
    for (const attempt of this.#held.values()) {
      attempt.phase = 'lost'
      this.#listener.left(attempt)
    }
    this.#held.clear()
    this.#pulse.stop()
  }

  async #lane(): Promise<void> {
    for (let attempt = this.#buffer.take(); attempt; attempt = this.#buffer.take()) {
      await this.#perform(attempt)
      this.#buffer.done(attempt)
      const turn = this.#engine.turns.due()
      if (turn) await turn
      if (this.#buffer.size <= this.#lowWater) this.#listener.hungry()
    }
    // Others may run here, though many wait: those are of definitions at their limits.
    if (this.#buffer.size > this.#lowWater) this.#listener.hungry()
  }

  async #perform(attempt: Attempt): Promise<void> {
    const { clock, notifier, time } = this.#engine
    // After a machine's sleep every lease is in doubt; what waits can do so elsewhere.
    const doubtful = time.now() >= attempt.leaseEndsAt || time.hasSlept()
    if (attempt.phase !== 'waiting' || doubtful || this.#jobs.failing.has(attempt)) return this.#giveBack(attempt, 0)
    attempt.begin(clock.monotonic())
    notifier.tell('started', () => eventOf(attempt))
    const verdict = await execute(attempt, this.#tools)
    this.#pace.note(attempt.row.name, clock.monotonic() - attempt.since)
    if (verdict) {
      if (verdict.kind === 'final' && verdict.reason === 'fails_job') this.#jobs.failing.note(attempt)
      this.#settler.add(attempt, verdict)
    } else {
      attempt.phase = 'lost'
      this.#listener.left(attempt)
      this.#release(attempt, undefined)
    }
  }

  #abort(attempt: Attempt, reason: Error): void {
    abort(attempt, reason, this.#tools)
  }

  #hold(attempt: Attempt): void {
    const { id } = attempt.row
    const older = this.#held.get(id)
    // Its lease ran out before anybody here noticed, and this very claim took the row: no call may name an id twice.
    if (older) this.#leases.lose(older)
    this.#held.set(id, attempt)
    this.#pulse.start()
  }

  #suspectDelayMs({ row }: Attempt): number {
    const { least, unknown, most } = suspectGapMs
    const now = this.#engine.clock.monotonic()
    const gapMs = Math.min(most, Math.max(least, this.#pace.tookMs(row.name) ?? unknown))
    const after = this.#suspectsUntil < now + suspectSpreadMs ? Math.max(this.#suspectsUntil, now) : now
    this.#suspectsUntil = after + gapMs
    return Math.ceil(this.#suspectsUntil - now)
  }

  #giveBack(attempt: Attempt, delayMs: number): void {
    this.#settler.add(attempt, { kind: 'given_back', delayMs })
  }

  /** Tasks fetched ahead that others could have begun long ago; what took so long shows in the average from now on. */
  #giveBackOverdue(): void {
    const limit = this.#engine.clock.monotonic() - this.#options.patienceMs
    for (const attempt of this.#buffer.remove(({ since }) => since < limit)) {
      this.#pace.noteWait(attempt.row.name, this.#options.patienceMs)
      this.#giveBack(attempt, 0)
    }
  }

  #release(attempt: Attempt, task: SettledTask | undefined): void {
    const { id } = attempt.row
    this.#jobs.failing.forget(attempt)
    if (this.#held.get(id) !== attempt) return
    this.#held.delete(id)
    this.#listener.ended(attempt, task)
  }
}
