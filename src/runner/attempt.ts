/** One claimed task in this process: its row as last seen, and what its handler has said so far. */
import type { Instant } from '../core/duration.ts'
import { durationMs } from '../core/duration.ts'
import { LeaseLostError, PayloadError } from '../core/errors.ts'
import { definitionName } from '../core/part.ts'
import { copyOf } from '../core/payload.ts'
import type { RunningTask, Verdict } from '../core/task.ts'
import { inputOf } from '../storage/codec.ts'
import type { Row } from '../storage/storage.ts'
import type { Log, TaskContext } from './context.ts'
import type { Settings } from './engine.ts'
import type { JobView } from './jobs/view.ts'
import type { ListKind, ListWriter } from './list-writer.ts'

/** The most lines kept, and the most characters of each. */
const maxLogLines = 100
const maxLogLineLength = 1_000

/** What `snooze` throws; the runner tells it from a failure. */
export class Snooze {
  readonly delayMs: number

  constructor(delayMs: number) {
    this.delayMs = delayMs
  }
}

/** What a handler elsewhere made cannot be stored, and did not get here for that. */
export class Unstorable {
  readonly cause: unknown

  constructor(cause: unknown) {
    this.cause = cause
  }
}

/**
 * - `waiting`: claimed, not begun: it may be given back without harm.
 * - `running`: its handler runs.
 * - `ended`: its outcome is being stored: no beat or progress may touch the row.
 * - `lost`: the row is somebody else's: nothing more is stored.
 */
export type AttemptPhase = 'waiting' | 'running' | 'ended' | 'lost'

/** How an attempt keeps what it lists. */
export interface Lists {
  write(attempt: Attempt, kind: ListKind): ListWriter
  read(attempt: Attempt, kind: ListKind): AsyncIterable<unknown>
}

export class Attempt {
  /** The row as last seen; its `rev` is what the next write goes by. */
  row: Row
  task: RunningTask
  readonly settings: Settings
  readonly fence: number
  /** The storage's time at which the lease ends, as far as this process knows. */
  leaseEndsAt: Instant
  /** Its place among all that this process claimed. */
  readonly order: number
  /** The monotonic time of the claim, then of the start. */
  since: number
  phase: AttemptPhase = 'waiting'
  /** A write of progress that is under way. The next write must wait for the `rev` that it makes. */
  writing: Promise<void> | undefined
  /** There are logs or progress that are not stored yet. */
  dirty = false
  /** The handler called `snooze`, whatever it does with what that throws. */
  snoozed: Snooze | undefined
  readonly logs: string[] = []
  errorCount = 0
  /** What its handler resolved with, where the task runs again: its row keeps no result. */
  result: unknown
  /** Ends the execution from outside, while it runs: nobody waits for the handler any longer. */
  giveUp: ((verdict: Verdict | undefined) => void) | undefined
  /** Of a part, and of a reduce: the job. */
  readonly job: JobView | undefined
  readonly #lists: Lists
  /** What it emitted, and what it requested; `undefined` until the handler asks to. */
  items: ListWriter | undefined
  requests: ListWriter | undefined
  #controller: AbortController | undefined
  #abortReason: Error | undefined

  constructor(
    row: Row,
    task: RunningTask,
    settings: Settings,
    claimed: { readonly order: number; readonly since: number; readonly job?: JobView | undefined },
    lists: Lists,
  ) {
    this.row = row
    this.task = task
    this.settings = settings
    this.fence = row.rev
    this.leaseEndsAt = task.wakeAt
    this.order = claimed.order
    this.since = claimed.since
    this.job = claimed.job
    this.#lists = lists
  }

  /** What the attempt before this one said goes: it is this one's turn now. */
  begin(now: number): void {
    this.phase = 'running'
    this.since = now
    if (this.task.logs.length === 0 && this.task.progress === undefined) return
    this.task = { ...this.task, logs: [], progress: undefined }
  }

  /** Made when first asked for: most handlers never look at their signal. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#abortReason) this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  /** Why the handler was told to end; `undefined` while it was not. */
  get abortReason(): Error | undefined {
    return this.#abortReason
  }

  /** The first reason stays. */
  abort(reason: Error): void {
    if (this.#abortReason) return
    this.#abortReason = reason
    this.#controller?.abort(reason)
  }

  /** What a handler is told that still reports though nobody listens any longer. */
  overError(): Error {
    return this.#abortReason ?? new LeaseLostError('This attempt is over')
  }

  /** Keeps one entry of a list. Throws at once on what cannot be stored. */
  list(kind: ListKind, value: unknown): Promise<void> {
    // Of an attempt that is over, it would lie there past a stop or a purge. A handler that does not wait for the
    // answer must not end the process by it.
    const added = this.phase === 'running' ? this.#listOf(kind).add(value) : Promise.reject(this.overError())
    added.catch(() => {})
    return added
  }

  async flushLists(): Promise<void> {
    await this.items?.flush()
    await this.requests?.flush()
  }

  /** What it requested, stored and read back as it is asked for. */
  async *readRequests(): AsyncGenerator<unknown, void, undefined> {
    if (!this.requests) return
    await this.requests.flush()
    yield* this.#lists.read(this, 'request')
  }

  #listOf(kind: ListKind): ListWriter {
    if (kind === 'item') {
      this.items ??= this.#lists.write(this, kind)
      return this.items
    }
    this.requests ??= this.#lists.write(this, kind)
    return this.requests
  }

  log(line: string): void {
    if (this.logs.length === maxLogLines) return
    this.logs.push(String(line).slice(0, maxLogLineLength))
    this.dirty = true
  }

  /** @throws PayloadError: what cannot be stored is the handler's mistake, and it should see it where it made it. */
  progress(value: unknown): void {
    if (value === undefined) throw new PayloadError('$', 'undefined')
    // A copy: the handler may go on changing its value, and what is stored has been checked.
    this.task = { ...this.task, progress: copyOf(value) }
    this.dirty = true
  }
}

/** The context that a handler takes apart. Getters, so that an attempt pays only for what its handler uses. */
export class AttemptContext implements TaskContext {
  readonly #attempt: Attempt
  #input: { readonly value: unknown } | undefined

  /** `input` where a schema has made one; otherwise the stored one, read when it is asked for. */
  constructor(attempt: Attempt, input?: { readonly value: unknown }) {
    this.#attempt = attempt
    this.#input = input
  }

  get id(): string {
    return this.#attempt.row.id
  }
  get name(): string {
    return definitionName(this.#attempt.row.name)
  }
  get input(): unknown {
    this.#input ??= { value: inputOf(this.#attempt.row) }
    return this.#input.value
  }
  get attempt(): number {
    return this.#attempt.task.attempts
  }
  get fence(): number {
    return this.#attempt.fence
  }
  get runAt(): Instant {
    return this.#attempt.task.runAt
  }
  get lastRunAt(): Instant | undefined {
    return this.#attempt.task.lastRunAt
  }
  get signal(): AbortSignal {
    return this.#attempt.signal
  }
  get log(): Log {
    const attempt = this.#attempt
    const error = (line: string) => {
      attempt.errorCount++
      attempt.log(line)
    }
    return Object.assign((line: string) => attempt.log(line), { error })
  }
  get emit(): (item: unknown) => Promise<void> {
    return (item) => this.#attempt.list('item', item)
  }
  get request(): (request: unknown) => Promise<void> {
    return (request) => this.#attempt.list('request', request)
  }
  get progress(): (value: unknown) => void {
    return (value) => this.#attempt.progress(value)
  }
  get snooze(): (delay: unknown) => never {
    return (delay) => {
      const snooze = new Snooze(durationMs('delay', delay))
      this.#attempt.snoozed = snooze
      throw snooze
    }
  }
}
