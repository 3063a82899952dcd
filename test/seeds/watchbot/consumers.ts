/** What the tests of jobs with outside consumers share: processes without a worker, and a note of all that is announced. */
import { memory } from '../../../adapters/memory/index.ts'
import { type Announcement, type ErrorClass, type JobRun, job, type Piecework, piecework } from '../../../src/index.ts'
import type { Storage } from '../../../src/storage/index.ts'
import type { ManualClock } from '../../../src/testing/index.ts'

export const quiet = { info() {}, warn() {}, error() {} }

export type MapMessage = Extract<Announcement, { subject: 'map' }>

export interface ConsumerOptions {
  readonly storage?: Storage
  readonly clock?: ManualClock
  readonly failOn?: readonly ErrorClass[]
  /** Called before a message is noted; what it throws is a publishing that failed. */
  readonly publish?: (message: Announcement) => unknown
}

export interface Consumer {
  readonly work: Piecework
  readonly storage: Storage
  readonly messages: Announcement[]
  maps(): MapMessage[]
  reduces(): Announcement[]
  /** Starts a job of `pages`, the one definition that there is. */
  run(parts: Iterable<unknown>, options?: { id?: string; metadata?: unknown; workers?: number }): Promise<JobRun>
}

/** One process; several on one storage are several. All that happens in it, happens in its calls. */
export function consumer(options: ConsumerOptions = {}): Consumer {
  const { storage = memory(), clock, failOn = [], publish = () => {} } = options
  const messages: Announcement[] = []
  const pages = job('pages', {
    failOn,
    announce: async (message: Announcement) => {
      await publish(message)
      messages.push(message)
    },
  })
  const work = piecework({ storage, definitions: [pages], logger: quiet, ...(clock ? { clock } : {}) })
  return {
    work,
    storage,
    messages,
    maps: () => messages.filter((message) => message.subject === 'map'),
    reduces: () => messages.filter(({ subject }) => subject === 'reduce'),
    run: (parts, runOptions = {}) => work.run(pages, parts, runOptions),
  }
}

/** All of an iterable, in order. */
export async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}
