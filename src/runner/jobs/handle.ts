/** What `run` gives: the job's id, and ways to wait for it, to watch it and to end it. */
import type { Storage } from '../../storage/storage.ts'
import type { Cancel, Clock } from '../clock.ts'
import type { Ends } from './ends.ts'
import { infoOf, type JobInfo, type JobProgress, readJob, rowOfJob } from './info.ts'

/** How often those who wait look at a job that others work on; where it ends in this process they are told. */
const lookEveryMs = 250

const over = ['completed', 'failed', 'cancelled']

/** What the instance gives a handle. */
export interface RunTools {
  readonly storage: Storage
  readonly clock: Clock
  readonly ends: Ends
  /** Gets through an outage of the storage. @throws PieceworkError `stopped` once the instance was closed. */
  ask<T>(call: () => Promise<T>): Promise<T>
  readonly cancel: () => Promise<boolean>
}

export class JobRun<Metadata = unknown, Reduced = unknown> implements AsyncIterable<JobProgress> {
  readonly id: string
  /** `duplicate`: a job with this id was there with all its parts. */
  readonly status: 'added' | 'duplicate'
  readonly #tools: RunTools

  /** @internal */
  constructor({ id, status }: { readonly id: string; readonly status: 'added' | 'duplicate' }, tools: RunTools) {
    this.id = id
    this.status = status
    this.#tools = tools
  }

  /** What is known of the job now. @throws PieceworkError `not_found` when it was removed. */
  info(): Promise<JobInfo<Metadata, Reduced>> {
    const { ask, storage } = this.#tools
    return ask(() => readJob(storage, this.id)) as Promise<JobInfo<Metadata, Reduced>>
  }

  async progress(): Promise<JobProgress> {
    const { total, remaining, fraction, percent } = await this.info()
    return { total, remaining, fraction, percent }
  }

  /**
   * Resolves when the job is completed, failed or cancelled, whoever works on it; its `state` says which. Somebody has to:
   * where no process works, it waits.
   * @throws PieceworkError `not_found` when the job was removed, `stopped` when this instance is closed meanwhile.
   */
  async done(): Promise<JobInfo<Metadata, Reduced>> {
    const { ask, storage } = this.#tools
    for (;;) {
      // Set before the look: what ends while that is on its way counts as well.
      const next = this.#nextLook()
      try {
        // The row alone: to count its parts at each look would be most of the work of a large job's caller.
        const row = await ask(() => rowOfJob(storage, this.id))
        if (over.includes(row.state)) return (await ask(() => infoOf(storage, row))) as JobInfo<Metadata, Reduced>
        await next.due
      } finally {
        next.cancel()
      }
    }
  }

  /** Parts that have not begun are skipped, those that run are told to end. `false` when the job was over before. */
  cancel(): Promise<boolean> {
    return this.#tools.cancel()
  }

  /** How far it is, whenever that has changed, up to its end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<JobProgress, void, undefined> {
    for (let last = -1; ; ) {
      const { state, total, remaining, fraction, percent } = await this.info()
      if (remaining !== last || over.includes(state)) yield { total, remaining, fraction, percent }
      if (over.includes(state)) return
      last = remaining
      await this.#nextLook().due
    }
  }

  /** Due where it ends in this process, and after a while. Whichever comes first leaves no timer and no listener behind. */
  #nextLook(): { readonly due: Promise<void>; readonly cancel: Cancel } {
    let cancel: Cancel = () => {}
    const due = new Promise<void>((resolve) => {
      const end = () => {
        cancel()
        resolve()
      }
      const cancelTimer = this.#tools.clock.after(lookEveryMs, end)
      const cancelEnd = this.#tools.ends.on(this.id, end)
      cancel = () => {
        cancelTimer()
        cancelEnd()
      }
    })
    return { due, cancel }
  }
}
