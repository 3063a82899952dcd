/** Ready, started, stopped, closed: each at any time, in any order, and as often as anybody likes. */
import { messageOf } from '../core/error-record.ts'
import { PieceworkError } from '../core/errors.ts'
import { expected } from '../core/expect.ts'
import { StorageError } from '../storage/storage-error.ts'
import type { Engine } from './engine.ts'
import type { Roles } from './intake.ts'
import type { RowCrews } from './rows/row-crews.ts'
import type { StopReport, Worker } from './worker.ts'

export class Lifecycle {
  readonly #engine: Engine
  readonly #worker: Worker
  readonly #rows: RowCrews
  readonly #options: { readonly name: string; readonly leaseMs: number }
  #ready: Promise<void> | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<StopReport> | undefined
  #stopWatching: (() => unknown) | undefined
  #closing: Promise<StopReport> | undefined
  #stops = 0

  constructor(
    engine: Engine,
    worker: Worker,
    rows: RowCrews,
    options: { readonly name: string; readonly leaseMs: number },
  ) {
    this.#engine = engine
    this.#worker = worker
    this.#rows = rows
    this.#options = options
  }

  /** The storage's clock is read before the first use of it. @throws PieceworkError `stopped` after a close. */
  ready(): Promise<void> {
    if (this.#closing) return Promise.reject(new PieceworkError('stopped', 'This instance was closed'))
    this.#ready ??= this.#engine.time.synchronise().catch((error: unknown) => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  /** For who is about to run tasks: whether no stop came since, which meant that as well. */
  untilStop(): () => boolean {
    const stops = this.#stops
    return () => this.#stops === stops
  }

  /** For callers who wait for something far off: gets through an outage. @throws PieceworkError `stopped` after a close. */
  async ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.#engine.health.through(call, () => this.#closing !== undefined)
    } catch (cause) {
      if (this.#closing) throw new PieceworkError('stopped', 'This instance was closed', { cause })
      throw cause
    }
  }

  start(roles: Roles): Promise<void> {
    if (this.#starting) return this.#starting
    const starting = this.#start(this.#stopping, roles).catch((error: unknown) => {
      if (this.#starting === starting) this.#starting = undefined
      throw error
    })
    this.#starting = starting
    return starting
  }

  /** Each start and stop waits for the one before it, so the last word counts. */
  stop(timeoutMs: number): Promise<StopReport> {
    this.#stops++
    if (this.#stopping && !this.#starting) return this.#stopping
    const starting = this.#starting
    this.#starting = undefined
    const stopping = this.#stop(starting, timeoutMs).finally(() => {
      if (this.#stopping === stopping) this.#stopping = undefined
    })
    this.#stopping = stopping
    return stopping
  }

  close(timeoutMs: number): Promise<StopReport> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #start(stopping: Promise<StopReport> | undefined, roles: Roles): Promise<void> {
    await stopping
    await this.ready()
    this.#checkLease()
    await this.#examine()
    if (roles.work) await Promise.all([this.#rows.open(), ...this.#engine.threads.map((each) => each.open())])
    this.#stopWatching = await this.#engine.storage.watch?.(() => this.#worker.hint())
    this.#worker.start(roles)
    if (roles.work) this.#rows.start()
    this.#engine.notifier.info(`Worker '${this.#options.name}' started`)
  }

  async #stop(starting: Promise<void> | undefined, timeoutMs: number): Promise<StopReport> {
    // A start that failed has nothing to stop and told its caller why.
    await starting?.catch(() => {})
    const wasStarted = this.#worker.started
    const rows: StopReport = { givenBack: [], abandoned: [] }
    const [tasks] = await Promise.all([this.#worker.stop(timeoutMs), this.#rows.stop(timeoutMs, rows)])
    const report = {
      givenBack: [...tasks.givenBack, ...rows.givenBack],
      abandoned: [...tasks.abandoned, ...rows.abandoned],
    }
    await Promise.all(this.#engine.threads.map((each) => each.close()))
    await this.#endWatch()
    if (wasStarted) this.#engine.notifier.info(`Worker '${this.#options.name}' stopped`)
    return report
  }

  /** Where the clock may be off by a good part of a lease, others would take what is still being worked on. */
  #checkLease(): void {
    const { leaseMs } = this.#options
    const leastMs = 4 * this.#engine.time.errorMs
    if (leaseMs <= leastMs)
      throw expected('lease', `over ${leastMs} ms, 4 times what the storage's clock may be off`, leaseMs)
  }

  /** What the storage finds wrong with itself fails the start; what could be better is logged. */
  async #examine(): Promise<void> {
    const findings = (await this.#engine.storage.doctor?.()) ?? []
    const errors = findings.filter(({ level }) => level === 'error').map(({ message }) => message)
    if (errors.length > 0) throw new StorageError('not_usable', errors.join('; '))
    for (const { level, message } of findings) if (level === 'warning') this.#engine.notifier.warn(message)
  }

  async #endWatch(): Promise<void> {
    const stopWatching = this.#stopWatching
    this.#stopWatching = undefined
    try {
      await stopWatching?.()
    } catch (error) {
      // The app may have closed its client before: the worker is stopped all the same.
      this.#engine.notifier.warn(`The storage's watch could not be ended: ${messageOf(error)}`)
    }
  }

  async #close(timeoutMs: number): Promise<StopReport> {
    const report = await this.stop(timeoutMs)
    // A source that cannot be closed leaves no storage open.
    await this.#rows.close().finally(() => this.#engine.storage.close?.())
    return report
  }
}
