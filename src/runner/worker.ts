/** Claims due tasks, runs them side by side, and stores how they ended. */
import PQueue from 'p-queue'
import { StoppingError } from '../core/errors.ts'
import type { ClaimRequest } from '../storage/storage.ts'
import { Alarm } from './alarm.ts'
import type { Attempt } from './attempt.ts'
import { Bell } from './bell.ts'
import { Buffer } from './buffer.ts'
import { type Claimed, Claimer } from './claimer.ts'
import { fulfilledWithin, pause } from './clock.ts'
import { Deadlines } from './deadlines.ts'
import type { Engine } from './engine.ts'
import { abort, eventOf, execute } from './execution.ts'
import { Leases } from './leases.ts'
import { Pauses } from './pauses.ts'
import { prefetchOf } from './prefetch.ts'
import { ProgressWriter } from './progress-writer.ts'
import { Pulse } from './pulse.ts'
import { type SettledTask, Settler } from './settler.ts'
import type { WorkerOptions } from './worker-options.ts'

/** How long a handler is given to end after a stop aborted it. */
const stopGraceMs = 200

/** What a stop could not finish. */
export interface StopReport {
  /** Tasks that were claimed or running and will run again, without the attempt being counted. */
  readonly givenBack: string[]
  /** Tasks whose handler did not end; they become due when their lease ends, and the attempt counts. */
  readonly abandoned: string[]
}

type ClaimShape = Pick<ClaimRequest, 'wants' | 'limit'>

export class Worker {
  readonly pauses: Pauses
  readonly #engine: Engine
  readonly #options: WorkerOptions
  readonly #held = new Set<Attempt>()
  readonly #buffer: Buffer
  readonly #lanes: PQueue
  readonly #bell = new Bell()
  readonly #claimer: Claimer
  readonly #settler: Settler
  readonly #alarm: Alarm
  readonly #pulse: Pulse
  readonly #tools: { readonly deadlines: Deadlines<Attempt>; readonly notifier: Engine['notifier'] }
  /** Names of which the storage had no more due rows when it was last asked. */
  readonly #dry = new Set<string>()
  #running = 0
  #averageMs: number | undefined
  /** When no more than so many wait, it is time to claim again. */
  #lowWater = 0
  #claimFailures = 0
  #started = false
  #looping: Promise<void> | undefined
  #drainers: { resolve: () => void; reject: (error: unknown) => void }[] = []
  #stopping: StopReport | undefined
  #ended = 0

  constructor(engine: Engine, options: WorkerOptions) {
    this.#engine = engine
    this.#options = options
    const limits = [...engine.definitions].flatMap(([name, { concurrency }]): [string, number][] =>
      concurrency === undefined ? [] : [[name, concurrency]],
    )
    this.#buffer = new Buffer(new Map(limits))
    this.#lanes = new PQueue({ concurrency: options.concurrency })
    this.#tools = { deadlines: new Deadlines(engine.clock), notifier: engine.notifier }
    this.pauses = new Pauses(engine)
    this.#claimer = new Claimer(engine, options.leaseMs)
    this.#settler = new Settler(engine, (attempt, task) => this.#release(attempt, task))
    this.#alarm = new Alarm(engine.clock, engine.time, () => this.wake())
    const lose = (attempt: Attempt, reason: Error) => abort(attempt, reason, this.#tools)
    const leases = new Leases(engine, this.#held, options.leaseMs, lose)
    const progress = new ProgressWriter(engine, this.#held, options.leaseMs, (attempt) => leases.lose(attempt))
    this.#pulse = new Pulse(engine, options, leases, progress, () => this.#giveBackOverdue())
  }

  get started(): boolean {
    return this.#started
  }

  /** How many attempts this process holds: claimed, running, or waiting to be stored. */
  get held(): number {
    return this.#held.size
  }

  start(): void {
    this.#started = true
    this.wake()
    this.#run()
  }

  /** Rows may have become due: ask the storage again. */
  wake(): void {
    this.#dry.clear()
    this.#bell.ring()
  }

  /** A row of this process becomes due then. */
  noteDue(instant: number): void {
    if (!this.#started && this.#drainers.length === 0) return
    if (instant <= this.#engine.time.now()) this.wake()
    else this.#alarm.set(instant)
  }

  /** Runs what is due until nothing is; resolves with how many attempts ended. */
  async drain(): Promise<number> {
    const before = this.#ended
    await new Promise<void>((resolve, reject) => {
      this.#drainers.push({ resolve, reject })
      this.wake()
      this.#run()
    })
    return this.#ended - before
  }

  /** Claims one due task, runs it here and now, and resolves with its id once its outcome is stored. */
  async runNext(): Promise<string | undefined> {
    await this.pauses.refresh()
    const names = [...this.#engine.definitions.keys()].filter((name) => !this.pauses.has(name))
    if (names.length === 0) return undefined
    const [claimed] = await this.#claimer.claim(
      names.map((name) => ({ name, limit: 1 })),
      1,
    )
    if (!claimed) return undefined
    this.#hold(claimed.attempt)
    if (claimed.given) this.#settler.add(claimed.attempt, claimed.given)
    else await this.#perform(claimed.attempt)
    await this.#settler.flush()
    return claimed.attempt.row.id
  }

  /** Ends the attempt of a task that was cancelled in this process, without waiting for the next beat. */
  abortCancelled(id: string, reason: Error): void {
    for (const attempt of this.#held) {
      if (attempt.row.id !== id || attempt.phase === 'ended') continue
      attempt.phase = 'lost'
      abort(attempt, reason, this.#tools)
    }
  }

  /** Stops claiming, gives back what has not begun, waits for the rest, then aborts it. */
  async stop(timeoutMs: number): Promise<StopReport> {
    const report: StopReport = { givenBack: [], abandoned: [] }
    this.#stopping = report
    this.#started = false
    this.#alarm.stop()
    this.#bell.ring()
    const over = this.#settleAll()
    const { clock } = this.#engine
    if (!(await fulfilledWithin(clock, timeoutMs, over))) {
      for (const attempt of this.#held) {
        if (attempt.phase === 'running') abort(attempt, new StoppingError('The worker stops'), this.#tools, stopGraceMs)
      }
      this.#engine.abandoned = true
      await fulfilledWithin(clock, stopGraceMs + 50, over)
      for (const attempt of this.#held) report.abandoned.push(attempt.row.id)
      this.#held.clear()
      this.#engine.abandoned = false
    }
    this.#pulse.stop()
    this.#stopping = undefined
    return report
  }

  async #settleAll(): Promise<void> {
    await this.#looping
    for (const attempt of this.#buffer.remove(() => true)) this.#giveBack(attempt, 0)
    await this.#lanes.onIdle()
    await this.#settler.flush()
  }

  #run(): void {
    this.#pulse.start()
    this.#looping ??= this.#loop().finally(() => {
      this.#looping = undefined
      if (this.#held.size === 0) this.#pulse.stop()
    })
  }

  async #loop(): Promise<void> {
    let poll: (() => void) | undefined
    while (!this.#stopping && (this.#started || this.#drainers.length > 0)) {
      const request = this.#request()
      if (request) {
        await this.#claim(request)
        continue
      }
      if (this.#held.size === 0) this.#idle()
      if (this.#started && !poll) {
        poll = this.#engine.clock.after(this.#options.pollMs * (0.8 + 0.4 * this.#engine.random()), () => {
          poll = undefined
          this.wake()
        })
      }
      if (this.#started || this.#drainers.length > 0) await this.#bell.wait()
    }
    poll?.()
    this.#idle()
  }

  /** What to claim now, or nothing: no room, or nothing due that is known of. */
  #request(): ClaimShape | undefined {
    const { concurrency } = this.#options
    const { batchMax } = this.#engine.storage.traits
    const prefetch = prefetchOf(concurrency, this.#averageMs, batchMax)
    // Half of what is fetched ahead is used up before more is fetched, so that claims stay batches.
    this.#lowWater = prefetch / 2
    const room = Math.min(batchMax, concurrency + prefetch - this.#buffer.size - this.#running)
    if (room <= 0 || this.#buffer.size > this.#lowWater || this.#settler.size > 2 * batchMax) return undefined
    const wants: { name: string; limit: number }[] = []
    for (const [name, settings] of this.#engine.definitions) {
      if (this.#dry.has(name) || this.pauses.has(name)) continue
      const own = settings.concurrency ?? concurrency
      const limit = Math.min(room, own + Math.floor((prefetch * own) / concurrency) - this.#buffer.held(name))
      if (limit > 0) wants.push({ name, limit })
    }
    return wants.length > 0 ? { wants, limit: room } : undefined
  }

  async #claim({ wants, limit }: ClaimShape): Promise<void> {
    let claimed: Claimed[]
    try {
      await this.pauses.refresh()
      const open = wants.filter(({ name }) => !this.pauses.has(name))
      claimed = open.length === 0 ? [] : await this.#claimer.claim(open, limit)
      this.#claimFailures = 0
    } catch (error) {
      await this.#failed(error)
      return
    }
    if (claimed.length < limit) this.#noteDry(wants, claimed)
    for (const { attempt, given } of claimed) {
      this.#hold(attempt)
      if (given) this.#settler.add(attempt, given)
      else if (this.#stopping) this.#giveBack(attempt, 0)
      else if (this.#buffer.refuses(attempt)) this.#giveBack(attempt, this.#options.leaseMs)
      else this.#buffer.put(attempt)
    }
    this.#openLanes()
  }

  /** The whole was not reached, so a name that gave less than it was asked for has no more that is due. */
  #noteDry(wants: ClaimShape['wants'], claimed: readonly Claimed[]): void {
    const got = new Map<string, number>()
    for (const { attempt } of claimed) got.set(attempt.row.name, (got.get(attempt.row.name) ?? 0) + 1)
    for (const { name, limit } of wants) if ((got.get(name) ?? 0) < limit) this.#dry.add(name)
  }

  /** The storage failed: a worker waits and goes on, a drain in the foreground reports it. */
  async #failed(error: unknown): Promise<void> {
    if (!this.#started) for (const { reject } of this.#drainers.splice(0)) reject(error)
    this.#claimFailures++
    await pause(this.#engine.clock, this.#engine.health.delayMs(this.#claimFailures))
  }

  /** A lane runs one attempt after another while there are any: concurrency costs nothing per task. */
  #openLanes(): void {
    const free = this.#options.concurrency - this.#lanes.pending - this.#lanes.size
    for (let lane = Math.min(free, this.#buffer.size); lane > 0; lane--) void this.#lanes.add(() => this.#lane())
  }

  async #lane(): Promise<void> {
    for (let attempt = this.#buffer.take(); attempt; attempt = this.#buffer.take()) {
      await this.#perform(attempt)
      this.#buffer.done(attempt)
      if (this.#buffer.size <= this.#lowWater) this.#bell.ring()
    }
  }

  async #perform(attempt: Attempt): Promise<void> {
    const { clock, notifier, time } = this.#engine
    if (attempt.phase !== 'waiting' || time.now() >= attempt.leaseEndsAt) return this.#giveBack(attempt, 0)
    attempt.phase = 'running'
    attempt.since = clock.monotonic()
    this.#running++
    notifier.tell('started', () => eventOf(attempt))
    const verdict = await execute(attempt, this.#tools)
    this.#running--
    const tookMs = clock.monotonic() - attempt.since
    this.#averageMs = this.#averageMs === undefined ? tookMs : this.#averageMs + (tookMs - this.#averageMs) / 16
    if (verdict) {
      this.#settler.add(attempt, verdict)
    } else {
      this.#stopping?.abandoned.push(attempt.row.id)
      this.#release(attempt, undefined)
    }
  }

  #hold(attempt: Attempt): void {
    this.#held.add(attempt)
    this.#pulse.start()
  }

  #giveBack(attempt: Attempt, delayMs: number): void {
    this.#settler.add(attempt, { kind: 'given_back', delayMs })
  }

  /** Tasks fetched ahead that others could have begun long ago; what took so long shows in the average from now on. */
  #giveBackOverdue(): void {
    const limit = this.#engine.clock.monotonic() - this.#options.patienceMs
    for (const attempt of this.#buffer.remove(({ since }) => since < limit)) {
      this.#averageMs = Math.max(this.#averageMs ?? 0, this.#options.patienceMs)
      this.#giveBack(attempt, 0)
    }
  }

  #release(attempt: Attempt, task: SettledTask | undefined): void {
    if (!this.#held.delete(attempt)) return
    this.#ended++
    if (task?.state === 'waiting') {
      if (task.attempts < attempt.task.attempts) this.#stopping?.givenBack.push(task.id)
      this.noteDue(task.wakeAt)
    }
    if (this.#held.size > 0) return
    if (this.#looping) this.#bell.ring()
    else this.#pulse.stop()
  }

  #idle(): void {
    for (const { resolve } of this.#drainers.splice(0)) resolve()
  }
}
