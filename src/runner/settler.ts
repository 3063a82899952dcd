/** Stores how attempts ended: many outcomes in one apply, none of them forgotten while the storage is away. */
import { PieceworkError } from '../core/errors.ts'
import { definitionName } from '../core/part.ts'
import {
  type CompletedTask,
  type FailedTask,
  hasRecurred,
  type SkippedTask,
  settle,
  type Verdict,
  type WaitingTask,
} from '../core/task.ts'
import { nextRow } from '../storage/codec.ts'
import type { ApplyResult, Change } from '../storage/storage.ts'
import type { Attempt } from './attempt.ts'
import type { Engine } from './engine.ts'
import { eventOf } from './execution.ts'
import type { Stored } from './jobs/ended.ts'
import type { Jobs } from './jobs/jobs.ts'
import type { Heirs } from './jobs/slots.ts'
import { removeChildren } from './remove-children.ts'

/** A task after its attempt. */
export type SettledTask = WaitingTask | CompletedTask | FailedTask | SkippedTask

interface Ending {
  readonly attempt: Attempt
  /** How its handler ended; or the task as it is to be stored, when it had no attempt left to begin. */
  readonly end: Verdict | FailedTask | SkippedTask
}

export class Settler {
  readonly #engine: Engine
  readonly #jobs: Jobs
  readonly #settled: (attempt: Attempt, task: SettledTask | undefined) => void
  #endings: Ending[] = []
  /** How many outcomes it was ever given, and how many of those, in their order, it is through with. */
  #taken = 0
  #stored = 0
  #scheduled = false
  #flushing: Promise<void> | undefined

  /** `settled` is called for each attempt once it is stored, or with no task when the row was lost. */
  constructor(engine: Engine, jobs: Jobs, settled: (attempt: Attempt, task: SettledTask | undefined) => void) {
    this.#engine = engine
    this.#jobs = jobs
    this.#settled = settled
  }

  /** How many outcomes wait to be stored. */
  get size(): number {
    return this.#endings.length
  }

  /** Takes an outcome; it is stored together with all others of this turn of the event loop. */
  add(attempt: Attempt, end: Ending['end']): void {
    if (attempt.phase !== 'lost') attempt.phase = 'ended'
    this.#endings.push({ attempt, end })
    this.#taken++
    if (!this.#flushing) this.#schedule()
  }

  /** Resolves when everything taken so far is stored. Of a worker that is never at rest, something is always left to be. */
  async flush(): Promise<void> {
    const taken = this.#taken
    while (this.#stored < taken) await this.#flush()
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#storeBatch()
    return this.#flushing
  }

  #schedule(): void {
    // A full batch waits for nothing: handlers that never wait themselves would pile up thousands within one turn.
    if (this.#endings.length >= this.#engine.storage.traits.batchMax) void this.#flush()
    else if (this.#endings.length > 0 && !this.#scheduled) {
      this.#scheduled = true
      this.#engine.clock.soon(() => {
        this.#scheduled = false
        if (this.#endings.length > 0) void this.#flush()
      })
    }
  }

  async #storeBatch(): Promise<void> {
    const batch = this.#endings.splice(0, this.#engine.storage.traits.batchMax)
    // A write of progress makes the rev that this one must go by.
    for (const { attempt } of batch) if (attempt.writing) await attempt.writing
    await this.#store(batch)
    this.#stored += batch.length
    // In the same turn as the look at what is left: what comes a turn later has to set off a flush of its own. The few that
    // came meanwhile wait for the others of their turn: with a storage that answers at once, each would be a batch else.
    this.#flushing = undefined
    this.#schedule()
  }

  async #store(batch: Ending[]): Promise<void> {
    const now = this.#engine.time.now()
    const ours = batch.filter(({ attempt }) => attempt.phase !== 'lost')
    for (const { attempt } of batch) if (attempt.phase === 'lost') this.#lose(attempt)
    const ended = ours.map(({ attempt, end }) => ({ attempt, task: this.#ended(attempt, end, now) }))
    const heirs = await this.#jobs.chooseHeirs(ended)
    const stored: Stored[] = []
    const changes: Change[] = []
    for (const { attempt, task } of ended) {
      const one = this.#change(attempt, withHeir(task, heirs), now)
      stored.push({ attempt, task: one.task })
      changes.push(one.change)
    }
    if (changes.length === 0) return
    // The same changes at each try: a row found exactly so was made by a try whose answer was lost.
    const { health, storage } = this.#engine
    let results: ApplyResult[]
    try {
      results = await health.through(
        () => storage.apply(changes),
        () => this.#engine.abandoned,
      )
    } catch {
      // Only after a stop whose patience is over: the leases will run out, and the attempts count as vanished.
      for (const { attempt } of stored) this.#settled(attempt, undefined)
      return
    }
    // Before anybody hears of it: who waits until nothing is held any longer must find the job moved.
    await this.#jobs.ended(
      stored.filter((_, index) => results[index] === 'applied'),
      heirs,
    )
    for (let index = 0; index < stored.length; index++) {
      const { attempt, task } = stored[index]!
      if (results[index] === 'applied' && hasRecurred(attempt.task, task)) await this.#removeItems(attempt)
      if (results[index] === 'applied') this.#report(attempt, task)
      else this.#lose(attempt)
    }
  }

  #ended(attempt: Attempt, end: Ending['end'], now: number): SettledTask {
    if ('state' in end) return end
    const running = attempt.logs.length === 0 ? attempt.task : { ...attempt.task, logs: attempt.logs }
    return settle(running, end, attempt.settings, now)
  }

  /** What cannot be stored fails the task for good: the next attempt would make the same result. */
  #change(attempt: Attempt, task: SettledTask, now: number): { task: SettledTask; change: Change } {
    const { row } = attempt
    const made = (how: SettledTask) => {
      const next = nextRow(how, row, row.holder ?? '', this.#engine.storage.traits.rowMaxBytes)
      return { task: how, change: { row, next } }
    }
    try {
      return made(task)
    } catch (error) {
      // Whatever it is, it must not keep the outcomes of others from being stored.
      const reason = error instanceof PieceworkError ? 'too_large' : 'unstorable'
      return made({ ...this.#ended(attempt, { kind: 'final', reason, error }, now), slot: task.slot })
    }
  }

  /** A task that runs again keeps none: they would pile up for ever. What a crash leaves goes after the next run. */
  async #removeItems({ row, items, requests, fence }: Attempt): Promise<void> {
    if (items || requests) await removeChildren(this.#engine.storage, row.id, fence).catch(() => {})
  }

  #lose(attempt: Attempt): void {
    attempt.phase = 'lost'
    this.#engine.notifier.tell('lost', () => eventOf(attempt))
    this.#settled(attempt, undefined)
  }

  #report(attempt: Attempt, task: SettledTask): void {
    const { notifier } = this.#engine
    const event = () => eventOf(attempt)
    if (task.state === 'completed') {
      notifier.tell('completed', () => ({ ...event(), result: task.result }))
    } else if (hasRecurred(attempt.task, task)) {
      notifier.tell('completed', () => ({ ...event(), result: attempt.result }))
    } else if (task.state === 'failed') {
      notifier.tell('failed', () => ({ ...event(), reason: task.reason, error: task.errors.at(-1) }))
    } else if (task.state === 'skipped') {
      notifier.tell('skipped', () => ({ id: task.id, name: definitionName(task.name) }))
    } else if (task.failures > attempt.task.failures) {
      notifier.tell('retrying', () => ({ ...event(), error: task.errors.at(-1)!, retryAt: task.wakeAt }))
    } else {
      notifier.tell('returned', () => ({ ...event(), runAt: task.wakeAt }))
    }
    this.#settled(attempt, task)
  }
}

/** A part that is done names who gets its slot. */
function withHeir(task: SettledTask, heirs: Heirs): SettledTask {
  const heir = heirs.get(task.id)
  return heir && task.slot ? { ...task, slot: { ...task.slot, to: heir.row.id } } : task
}
