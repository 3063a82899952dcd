/** Runs the rows of one dispatcher: reserves them, starts them side by side, and has their ends written. */
import PQueue from 'p-queue'
import { LeaseLostError, StoppingError } from '../../core/errors.ts'
import { reserve } from '../../core/reservation.ts'
import type { RowSource, SeenRow } from '../../storage/row-source.ts'
import { fulfilledWithin } from '../clock.ts'
import { Deadlines } from '../deadlines.ts'
import type { Engine } from '../engine.ts'
import { Health } from '../health.ts'
import { slices } from '../slices.ts'
import type { StopReport } from '../worker.ts'
import type { RowContext } from './context.ts'
import type { RowSettings } from './definition.ts'
import { Passes } from './passes.ts'
import { Reserver } from './reserver.ts'
import { RowAttempt, type RowTools } from './row-attempt.ts'
import type { Crew } from './row-crews.ts'
import { RowSettler } from './row-settler.ts'
import { RowWriter } from './row-writer.ts'
import { Terms } from './term.ts'

/** How long a body is given to end after a stop aborted it, and its end to be written. */
const stopGraceMs = 200

/** How often it is looked whether the rows that run are still there, and still this worker's. */
const lookEveryMs = 5_000

export interface RowCrewOptions {
  readonly concurrency: number
  readonly pollMs: number
}

export class RowCrew implements Crew {
  readonly #engine: Engine
  readonly #settings: RowSettings
  readonly #source: RowSource
  readonly #body: (context: RowContext<unknown>) => unknown
  readonly #concurrency: number
  readonly #health: Health
  readonly #terms = new Terms()
  readonly #reserver: Reserver
  readonly #settler: RowSettler
  readonly #tools: RowTools
  readonly #passes: Passes
  readonly #lanes: PQueue
  /** Reserved, and nobody begins with them yet. */
  readonly #queue: RowAttempt[] = []
  /** Reserved and not known to be started: what fills the seed's queue. */
  readonly #unstarted = new Set<RowAttempt>()
  /** All of this worker, by their tokens: queued, running, or waiting to be written. */
  readonly #held = new Map<string, RowAttempt>()
  #ended = 0
  #lookFrom = 0
  /** While it stops. */
  #report: StopReport | undefined
  #stops = 0

  constructor(
    engine: Engine,
    settings: RowSettings,
    body: (context: RowContext<unknown>) => unknown,
    options: RowCrewOptions,
  ) {
    const { clock, notifier, random } = engine
    this.#engine = engine
    this.#settings = settings
    this.#source = settings.source
    this.#body = body
    this.#concurrency = settings.concurrency ?? options.concurrency
    this.#health = new Health(clock, notifier, random, settings.source.title)
    this.#reserver = new Reserver(engine, settings, this.#health)
    const writer = new RowWriter(settings.source, clock, this.#health, this.#terms)
    this.#settler = new RowSettler(engine, settings, writer, (attempt) => this.#forget(attempt))
    this.#tools = { name: settings.name, clock, deadlines: new Deadlines(clock), notifier }
    this.#lanes = new PQueue({ concurrency: this.#concurrency })
    this.#passes = new Passes(engine, this.#health, options.pollMs, {
      pass: () => this.#pass(),
      isIdle: () => this.#held.size === 0,
    })
  }

  /** How many rows this worker has: reserved, running, or waiting to be written. */
  get held(): number {
    return this.#held.size
  }

  /** Checks the source. @throws StorageError `not_usable`. */
  async open(): Promise<void> {
    await this.#reserver.open()
  }

  start(): void {
    this.#begin()
    this.#passes.start()
  }

  /** Runs what is due until nothing is; resolves with how many starts came to an end. */
  async drain(): Promise<number> {
    const stops = this.#stops
    await this.open()
    // A stop that is under way would wait for it; one that came meanwhile meant it.
    if (this.#report || this.#stops !== stops) return 0
    this.#begin()
    const before = this.#ended
    await this.#passes.drain()
    return this.#ended - before
  }

  /** Reserves no more, gives back what has not begun, waits for the rest, then aborts it. */
  async stop(timeoutMs: number, report: StopReport): Promise<void> {
    const { clock } = this.#engine
    this.#report = report
    this.#stops++
    const finished = this.#finish(report)
    if (!(await fulfilledWithin(clock, timeoutMs, finished))) {
      const reason = new StoppingError('The worker stops')
      for (const attempt of this.#held.values()) attempt.abort(reason, this.#tools, stopGraceMs)
      await fulfilledWithin(clock, stopGraceMs + 50, finished)
    }
    // From here on nothing is written and nothing is begun, whatever is answered or ends late.
    this.#terms.end()
    this.#report = undefined
    this.#health.endPauses()
    // What was not given back is this worker's still, should it begin again.
    if (this.#held.size > 0) this.#reserver.doubt()
    for (const attempt of this.#held.values()) {
      attempt.isAbandoned = true
      report.abandoned.push(attempt.id)
    }
    this.#held.clear()
    this.#unstarted.clear()
    this.#queue.length = 0
  }

  async #finish(report: StopReport): Promise<void> {
    const lastPass = this.#passes.stop()
    await this.#giveBack(report)
    await lastPass
    await this.#giveBack(report)
    await this.#settler.endRests()
    await this.#lanes.onIdle()
    // Of what ran until now some may have begun to rest.
    await this.#settler.endRests()
  }

  async #giveBack(report: StopReport): Promise<void> {
    await Promise.all(
      this.#queue.splice(0).map(async (attempt) => {
        if (await this.#settler.giveBack(attempt)) report.givenBack.push(attempt.id)
      }),
    )
  }

  #begin(): void {
    this.#terms.begin()
    this.#reserver.hurry()
  }

  /** Answers whether there may be more that is due. */
  async #pass(): Promise<boolean> {
    const { name, queueSize } = this.#settings
    const isOver = this.#terms.watch()
    const isAtWork = (token: string) => this.#held.has(token)
    const tell = ({ id, tries, standing }: SeenRow) => {
      if (standing !== 'ended') this.#engine.notifier.tell('expired', () => ({ id, name, attempt: tries }))
    }
    await this.#reserver.relaunch(isOver, tell, isAtWork)
    await this.#lookAfter()
    // While half of the queue waits still, nothing is asked for: what is asked for comes in batches.
    if (this.#report || this.#queue.length > queueSize / 2) return false
    const reserved = await this.#reserver.reserve(this.#unstarted.size, (token) => this.#held.has(token), isOver)
    if (isOver()) {
      // The answer came after a stop: nobody waits for these rows, unless another start finds them.
      this.#reserver.doubt()
      return false
    }
    for (const row of reserved) {
      const { worker: holder } = this.#reserver
      const { startWithinMs } = this.#settings
      const reservation = reserve({ token: row.token, holder, startWithinMs }, row.reservedAt ?? 0)
      const attempt = new RowAttempt(row, reservation)
      this.#held.set(row.token, attempt)
      this.#unstarted.add(attempt)
      this.#queue.push(attempt)
    }
    this.#fill()
    return reserved.length > 0
  }

  #fill(): void {
    const free = this.#concurrency - this.#lanes.pending - this.#lanes.size
    for (let lane = Math.min(free, this.#queue.length); lane > 0; lane--) {
      // A lane may have found nothing just before a pass brought more.
      void this.#lanes.add(() => this.#lane()).then(() => this.#fill())
    }
  }

  async #lane(): Promise<void> {
    // A stop gives back what waits.
    const next = () => (this.#report ? undefined : this.#queue.shift())
    for (let attempt = next(); attempt; attempt = next()) {
      await this.#perform(attempt)
      const turn = this.#engine.turns.due()
      if (turn) await turn
    }
  }

  async #perform(attempt: RowAttempt): Promise<void> {
    attempt.begin(this.#settings.maxDurationMs, this.#engine.clock)
    const isStarted = await this.#settler.start(attempt).catch(() => false)
    this.#unstarted.delete(attempt)
    this.#passes.ring()
    // What a stop gave up while its start was on its way is left to its limit.
    if (!isStarted || attempt.isAbandoned) return this.#forget(attempt)
    const verdict = await attempt.run(this.#body, this.#tools)
    if (verdict.kind === 'left') this.#report?.abandoned.push(attempt.id)
    this.#ended++
    await this.#settler.settle(attempt, verdict)
  }

  /** A body whose row was deleted, or taken back by hand, is told so before it ends. */
  async #lookAfter(): Promise<void> {
    const { clock } = this.#engine
    const running = [...this.#held.values()].filter(({ reservation }) => reservation.state === 'started')
    if (running.length === 0 || clock.monotonic() < this.#lookFrom) return
    const { batchMax } = await this.#reserver.open()
    for (const batch of slices(running, batchMax)) {
      const seen = await this.#source.look(batch.map(({ id }) => id))
      for (const [index, attempt] of batch.entries()) {
        const isThere = seen[index] !== undefined
        if (isThere && seen[index]?.token === attempt.token) continue
        const what = isThere ? 'was taken back' : 'was deleted'
        attempt.abort(new LeaseLostError(`Row ${attempt.id} (${this.#settings.name}) ${what}`), this.#tools)
      }
    }
    this.#lookFrom = clock.monotonic() + lookEveryMs
  }

  #forget(attempt: RowAttempt): void {
    this.#unstarted.delete(attempt)
    this.#held.delete(attempt.token)
    this.#passes.ring()
  }
}
