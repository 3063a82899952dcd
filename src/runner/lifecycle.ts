/** Ready, started, stopped, closed: each at any time, in any order, and as often as anybody likes. */
import { PieceworkError } from '../core/errors.ts'
import type { Engine } from './engine.ts'
import type { StopReport, Worker } from './worker.ts'

export class Lifecycle {
  readonly #engine: Engine
  readonly #worker: Worker
  readonly #name: string
  #ready: Promise<void> | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<StopReport> | undefined
  #stopWatching: (() => unknown) | undefined
  #closing: Promise<StopReport> | undefined

  constructor(engine: Engine, worker: Worker, name: string) {
    this.#engine = engine
    this.#worker = worker
    this.#name = name
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

  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined
      throw error
    })
    return this.#starting
  }

  stop(timeoutMs: number): Promise<StopReport> {
    this.#stopping ??= this.#stop(timeoutMs).finally(() => {
      this.#stopping = undefined
    })
    return this.#stopping
  }

  close(timeoutMs: number): Promise<StopReport> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #start(): Promise<void> {
    await this.#stopping
    await this.ready()
    this.#stopWatching = await this.#engine.storage.watch?.(() => this.#worker.wake())
    this.#worker.start()
    this.#engine.notifier.info(`Worker '${this.#name}' started`)
  }

  async #stop(timeoutMs: number): Promise<StopReport> {
    const starting = this.#starting
    // A start that failed has nothing to stop and told its caller why.
    await starting?.catch(() => {})
    const wasStarted = this.#worker.started
    this.#starting = undefined
    const report = await this.#worker.stop(timeoutMs)
    await this.#stopWatching?.()
    this.#stopWatching = undefined
    if (wasStarted) this.#engine.notifier.info(`Worker '${this.#name}' stopped`)
    return report
  }

  async #close(timeoutMs: number): Promise<StopReport> {
    const report = await this.stop(timeoutMs)
    await this.#engine.storage.close?.()
    return report
  }
}
