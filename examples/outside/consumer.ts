/**
 * A consumer: `node examples/outside/consumer.ts <name>`, as many as you like. It is brought messages and does what they
 * say. Kill it with `kill -9` in the middle: its message was not acknowledged, so it comes to another.
 */
import { createReadStream } from 'node:fs'
import { type PartContext, PieceworkError, piecework } from 'piecework'
import { connect, type File, type Message } from './job.ts'

const name = process.argv[2] ?? `consumer-${process.pid}`
const { queue, lineCount, storage } = await connect()
// Not started: all it does, it does for its messages. A part is its for two seconds at a time, as long as it lives.
const work = piecework({ storage, definitions: [lineCount], lease: '2s' })

const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())
process.once('SIGINT', () => stopping.abort())

for await (const delivery of queue.deliveries(name, stopping.signal)) {
  try {
    if (await isDone(delivery.message)) await queue.acknowledge(delivery)
  } catch (error) {
    // It is not acknowledged, and so it comes again.
    console.error(`${name}: ${error instanceof Error ? error.message : error}`)
  }
}
await work.close()
await queue.close()

async function isDone(message: Message): Promise<boolean> {
  if (message.subject === 'reduce') return reduce(message.jobId)
  try {
    const { status } = await work.part(message, countLines)
    console.log(`${status} ${message.partId}`)
    // Somebody else is at it. If they die, it is this message that brings the part again.
    return status !== 'busy'
  } catch (error) {
    // A message about a job that was removed would come for ever.
    if (error instanceof PieceworkError && error.code === 'not_found') return true
    throw error
  }
}

async function countLines({ part, index, signal }: PartContext<File>): Promise<number> {
  console.log(`begin ${index}`)
  let lines = 0
  for await (const chunk of createReadStream(part.path, { signal, encoding: 'utf8' })) {
    lines += chunk.split('\n').length - 1
  }
  return lines
}

/** The message may come twice, and the same total is then written twice. */
async function reduce(jobId: string): Promise<boolean> {
  let total = 0
  for await (const { result } of work.completedParts(jobId)) total += Number(result)
  await queue.client.set(`${jobId}:lines`, total)
  console.log(`total ${total}`)
  return true
}
