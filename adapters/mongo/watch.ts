/** A hint that rows were written: a change stream, where there is a replica set. */
import type { Call } from './call.ts'
import { idle } from './time.ts'

/** How long a stream that failed is left alone; longer after each failure in a row, up to the second. */
const RETRY_MS = 500
const RETRY_MAX_MS = 30_000

/** Of the documents that waiting rows become, only the token that the stream goes on from: a hint needs no content. */
const NEW_WORK = [
  {
    $match: {
      $or: [
        { operationType: 'insert', 'fullDocument.wakeAt': { $exists: true } },
        { operationType: 'replace', 'fullDocument.state': 'waiting' },
        { operationType: 'update', 'updateDescription.updatedFields.state': 'waiting' },
      ],
    },
  },
  { $project: { _id: 1 } },
]

/**
 * Calls `wake` after rows were added or put back. A standalone server has no change streams: then there is no hint, and
 * nothing fails. Answers what ends it.
 */
export async function watchRows(call: Call, wake: () => void): Promise<() => Promise<void>> {
  const hello = await call.read({ hello: 1 })
  if (hello.setName === undefined && hello.msg !== 'isdbgrid') return async () => {}

  let failures = 0
  let isOver = false
  let stream = call.changes(NEW_WORK)

  async function follow(): Promise<void> {
    while (!isOver) {
      try {
        while (!isOver) {
          // One round trip a second where nothing happens; the driver resumes by itself after a fail-over.
          const change = await stream.next()
          failures = 0
          if (change !== null && !isOver) wake()
        }
      } catch {
        // A hint never fails: workers poll as well. What was missed meanwhile is made good by one more wake.
        await stream.close().catch(() => {})
        failures += 1
        await idle(Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** Math.min(failures - 1, 10)))
        if (isOver) return
        stream = call.changes(NEW_WORK)
        wake()
      }
    }
  }
  void follow()

  return async () => {
    isOver = true
    await stream.close().catch(() => {})
  }
}
