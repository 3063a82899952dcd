/** Tells consumers outside about parts: one message for each. */
import PQueue from 'p-queue'
import { indexOfPart } from '../../core/part.ts'
import { inputOf } from '../../storage/codec.ts'
import type { Row, Storage } from '../../storage/storage.ts'
import type { JobSettings } from './definition.ts'
import { rowsOfParts } from './view.ts'

/** How many messages are sent side by side (watchbot W8). */
const atOnce = 25

/** A message that cannot be sent rejects; the others of these parts may have been sent. */
export async function announceParts(job: Row, parts: readonly Row[], { announce }: JobSettings): Promise<void> {
  if (!announce) return
  const queue = new PQueue({ concurrency: atOnce })
  await queue.addAll(
    parts.map((part) => async () => {
      const partId = indexOfPart(part.id) ?? 0
      // Each message has a copy of its own: one that is changed before it is sent is no other's matter.
      await announce({ subject: 'map', jobId: job.id, partId, part: inputOf(part), metadata: inputOf(job) })
    }),
  )
}

/** Those that nobody is at: of a job that goes on, their messages may be gone. */
export async function announceOpen(storage: Storage, job: Row, settings: JobSettings): Promise<void> {
  if (!settings.announce) return
  let batch: Row[] = []
  for await (const part of rowsOfParts(storage, job.id, ['held', 'waiting'])) {
    batch.push(part)
    if (batch.length < atOnce) continue
    await announceParts(job, batch, settings)
    batch = []
  }
  await announceParts(job, batch, settings)
}
