/** What `run` gives: the job's id, and ways to wait for it, to watch it and to end it. */

import type { Storage } from '../../storage/storage.ts'
import type { Clock } from '../clock.ts'
import { type JobInfo, type JobProgress, readJob } from './info.ts'

/** How often a job is looked at by those who wait for it. */
const lookEveryMs = 250

const over = ['completed', 'failed', 'cancelled']

export class JobRun<Metadata = unknown, Reduced = unknown> implements AsyncIterable<JobProgress> {
  readonly id: string
  /** `duplicate`: a job with this id was there with all its parts. */
  readonly status: 'added' | 'duplicate'
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #cancel: () => Promise<boolean>

  /** @internal */
  constructor(
    started: { readonly id: string; readonly status: 'added' | 'duplicate' },
    tools: { readonly storage: Storage; readonly clock: Clock; readonly cancel: () => Promise<boolean> },
  ) {
    this.id = started.id
    this.status = started.status
    this.#storage = tools.storage
    this.#clock = tools.clock
    this.#cancel = tools.cancel
  }

  /** What is known of the job now. @throws PieceworkError `not_found` when it was removed. */
  info(): Promise<JobInfo<Metadata, Reduced>> {
    return readJob(this.#storage, this.id) as Promise<JobInfo<Metadata, Reduced>>
  }

  async progress(): Promise<JobProgress> {
    const { total, remaining, fraction, percent } = await this.info()
    return { total, remaining, fraction, percent }
  }

  /** Resolves when the job is completed, failed or cancelled, whoever works on it; its `state` says which. */
  async done(): Promise<JobInfo<Metadata, Reduced>> {
    for (;;) {
      const info = await this.info()
      if (over.includes(info.state)) return info
      await this.#pause()
    }
  }

  /** Parts that have not begun are skipped, those that run are told to end. `false` when the job was over before. */
  cancel(): Promise<boolean> {
    return this.#cancel()
  }

  /** How far it is, whenever that has changed, up to its end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<JobProgress, void, undefined> {
    for (let last = -1; ; ) {
      const { state, total, remaining, fraction, percent } = await this.info()
      if (remaining !== last || over.includes(state)) yield { total, remaining, fraction, percent }
      if (over.includes(state)) return
      last = remaining
      await this.#pause()
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(lookEveryMs, resolve)
    })
  }
}
