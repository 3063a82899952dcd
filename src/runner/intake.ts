/** Claims while there is room and something is due; sleeps between polls, and gets through a storage's outage. */
import { SCHEDULE } from '../storage/schedule-codec.ts'
import type { ClaimRequest, Row } from '../storage/storage.ts'
import { Bell } from './bell.ts'
import { type Catch, type Claimed, Claimer } from './claimer.ts'
import type { Cancel } from './clock.ts'
import type { Crew } from './crew.ts'
import { DryNames } from './dry-names.ts'
import type { Engine, Role, Settings } from './engine.ts'
import type { Jobs } from './jobs/jobs.ts'
import type { JobView } from './jobs/view.ts'
import type { Pauses } from './pauses.ts'
import type { Scheduler } from './schedules/scheduler.ts'
import type { WorkerOptions } from './worker-options.ts'

type Wants = ClaimRequest['wants']

/** What a process does: it adds the tasks of schedules, it runs what is due, or both. */
export interface Roles {
  readonly schedule: boolean
  readonly work: boolean
}

interface Drainer {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Intake {
  readonly #engine: Engine
  readonly #options: WorkerOptions
  readonly #crew: Crew
  readonly #pauses: Pauses
  readonly #jobs: Jobs
  readonly #scheduler: Scheduler
  readonly #claimer: Claimer
  readonly #bell = new Bell()
  readonly #dry: DryNames
  /** Somebody woke this while a claim was under way. */
  #woken = false
  #started = false
  /** What it claims once it is started: schedules, and all else. A drain takes both. */
  #roles: Roles = { schedule: true, work: true }
  #drainers: Drainer[] = []
  #looping: Promise<void> | undefined
  #cancelPoll: Cancel | undefined
  #endNap: (() => void) | undefined
  #failures = 0

  constructor(engine: Engine, options: WorkerOptions, crew: Crew, pauses: Pauses, jobs: Jobs, scheduler: Scheduler) {
    this.#engine = engine
    this.#options = options
    this.#crew = crew
    this.#pauses = pauses
    this.#jobs = jobs
    this.#scheduler = scheduler
    this.#claimer = new Claimer(engine, options.leaseMs, jobs, scheduler)
    this.#dry = new DryNames(engine)
  }

  get started(): boolean {
    return this.#started
  }

  /** Whether it claims: for good, or for a drain. */
  get active(): boolean {
    return this.#started || this.#drainers.length > 0
  }

  start(roles: Roles): void {
    this.#started = true
    this.#roles = roles
    this.#run()
  }

  /** Resolves when nothing is due and nothing is held; rejects when the storage fails and nobody started for good. */
  drain(): Promise<void> {
    this.#dry.forgetRare()
    this.#dry.forgetSchedules()
    return new Promise((resolve, reject) => {
      this.#drainers.push({ resolve, reject })
      this.#run()
    })
  }

  /** Resolves when the last claim is through. Those who drain are let go. */
  async stop(): Promise<void> {
    this.#started = false
    this.#idle()
    this.#endNap?.()
    this.#bell.ring()
    await this.#looping
  }

  /** Rows may have become due: ask the storage again. */
  wake(): void {
    this.#dry.clear()
    this.#woken = true
    if (this.active) this.#jobs.fillSlots()
    this.#bell.ring()
  }

  /** A schedule may have become due: it is asked for, however short ago that was done before. */
  wakeForTicks(): void {
    this.#dry.forgetSchedules()
    this.wake()
  }

  /** There is room, or nothing is held any longer. */
  ring(): void {
    this.#bell.ring()
  }

  /** This process has just cancelled the task of this row. */
  skip(row: Row): void {
    this.#claimer.skip(row)
  }

  /** An attempt of a row that this process took by itself. @throws PieceworkError `stopped` */
  begin(row: Row, settings: Settings, job?: JobView): Claimed {
    return this.#claimer.taken(row, settings, job)
  }

  /** Claims one due row of any definition. */
  async claimOne(): Promise<Claimed | undefined> {
    await this.#crew.confirmLeases()
    await this.#pauses.refresh()
    const wants = [...this.#engine.definitions]
      .filter(([name, { role }]) => isRunHere(role) && !this.#pauses.has(name))
      .map(([name]) => ({ name, limit: 1 }))
    if (wants.length === 0) return undefined
    wants.push({ name: SCHEDULE, limit: 1 })
    for (;;) {
      const { rows, claimed } = await this.#claimer.claim(wants, 1)
      if (claimed[0] || rows.length === 0) return claimed[0]
      // It was a job that only wanted to be asked: its reduce may be due now.
      await this.#jobs.idle()
      await this.#scheduler.idle()
    }
  }

  #run(): void {
    this.wake()
    this.#crew.beat(true)
    this.#looping ??= this.#loop().finally(() => {
      this.#looping = undefined
      this.#crew.beat(false)
      // Somebody began to drain in the turn in which the loop ended.
      if (this.active) this.#run()
    })
  }

  async #loop(): Promise<void> {
    while (this.active) {
      const { all, of } = this.#crew.room()
      const schedules = this.#schedules()
      const wants = [...schedules, ...(all > 0 ? this.#wants(of) : [])]
      if (wants.length > 0) {
        // Schedules need no room: however long all handlers are at work, ticks go on.
        await this.#claim(wants, wants.length === schedules.length ? this.#scheduler.room : all)
        continue
      }
      // Suspects that this worker put off were due: a drain is not over before they had their turn.
      const waits = this.#crew.awaitsSuspects
      if (this.#crew.held === 0 && !waits && !this.#jobs.busy && !this.#scheduler.busy) this.#idle()
      if (!this.active) break
      if (this.#started || waits) this.#poll()
      await this.#bell.wait()
    }
    this.#cancelPoll?.()
    this.#cancelPoll = undefined
  }

  #plays(role: keyof Roles): boolean {
    return this.#drainers.length > 0 || this.#roles[role]
  }

  #schedules(): Wants {
    const limit = this.#scheduler.room
    return this.#plays('schedule') && limit > 0 && !this.#dry.has(SCHEDULE) ? [{ name: SCHEDULE, limit }] : []
  }

  #wants(room: (name: string, concurrency: number | undefined) => number): Wants {
    const wants: { name: string; limit: number }[] = []
    if (!this.#plays('work')) return wants
    for (const [name, { concurrency, role }] of this.#engine.definitions) {
      if (!isRunHere(role)) continue
      // What is paused is left out only when the pauses were read again: somebody may have resumed it.
      if (this.#dry.has(name)) continue
      const limit = room(name, concurrency)
      if (limit > 0) wants.push({ name, limit })
    }
    return wants
  }

  async #claim(wants: Wants, limit: number): Promise<void> {
    let caught: Catch = { rows: [], claimed: [] }
    this.#woken = false
    try {
      await this.#crew.confirmLeases()
      await this.#pauses.refresh()
      const open = wants.filter(({ name }) => !this.#pauses.has(name))
      if (open.length > 0) caught = await this.#claimer.claim(open, limit)
      this.#failures = 0
    } catch (error) {
      // A stop that came while the claim was on its way waits for nothing.
      const stopped = !this.active
      if (!this.#started) for (const { reject } of this.#drainers.splice(0)) reject(error)
      this.#failures++
      if (!stopped) await this.#nap(this.#engine.health.delayMs(this.#failures))
      return
    }
    // What became due meanwhile may have been too late for this claim: then nothing is known to be dry.
    if (caught.rows.length < limit && !this.#woken) this.#dry.note(wants, caught.rows)
    if (this.active) this.#crew.receive(caught.claimed)
    else this.#crew.giveBackWaiting(caught.claimed)
  }

  /** Jittered, so that idle workers that began together do not ask together for ever. */
  #poll(): void {
    this.#cancelPoll ??= this.#engine.clock.after(this.#options.pollMs * (0.8 + 0.4 * this.#engine.random()), () => {
      this.#cancelPoll = undefined
      this.wake()
    })
  }

  /** A pause that a stop ends. */
  #nap(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#engine.clock.after(delayMs, resolve)
      this.#endNap = () => {
        cancel()
        resolve()
      }
    })
  }

  #idle(): void {
    for (const { resolve } of this.#drainers.splice(0)) resolve()
  }
}

/** Parts without a \`map\` are consumers' outside. */
function isRunHere(role: Role): boolean {
  return role.kind !== 'part' || role.job.hasMap
}
