/** The job that publisher and consumers share: it has no `map`, so its parts are done by whoever is brought their messages. */
import { type Announcement, job } from 'piecework'
import { sqlite } from 'piecework/sqlite'
import { openQueue } from './queue.ts'

export interface File {
  readonly path: string
}

export type Message = Announcement<File>

/** How both sides reach the queue, and the rows. */
export async function connect() {
  const { REDIS_URL = 'redis://127.0.0.1:6379', STREAM = 'line-count', DATABASE = 'piecework-outside.db' } = process.env
  const queue = await openQueue<Message>(REDIS_URL, STREAM)
  const lineCount = job('line-count', {
    // One message for each part, and one when all are done. If Redis does not take it, the call that wanted it rejects.
    announce: queue.publish,
  })
  return { queue, lineCount, storage: sqlite(DATABASE) }
}
