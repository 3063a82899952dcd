/**
 * BullMQ 6: a flow is a parent that runs once its children are done. It runs 100 at once, and keeps what is done, which
 * is what it does unless told otherwise. The parent's handler reads the results of all children.
 */
import { FlowProducer, type Job, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { measured, type Sample } from '../scenario.ts'

const concurrency = 100
const warmUpChildren = 100

/** `count` children in all, in flows of `size` one after another. `place` is a server's address with `?prefix=`. */
export function addFlows(size: number) {
  return async (place: string, count: number): Promise<Sample> => {
    const address = new URL(place)
    const prefix = address.searchParams.get('prefix') ?? 'bull'
    address.search = ''
    const connection = new Redis(address.href, { maxRetriesPerRequest: null })
    const ended = { resolve: (_sum: number) => {} }
    const parents = new Worker('parents', (parent) => sumOf(parent), { connection, prefix, concurrency })
    parents.on('completed', (_, sum) => ended.resolve(sum))
    const children = new Worker('children', async ({ data }) => data.number, { connection, prefix, concurrency })
    const producer = new FlowProducer({ connection, prefix })
    let storeMs = 0
    const flow = async (length: number) => {
      const { promise, resolve } = Promise.withResolvers<number>()
      ended.resolve = resolve
      const start = performance.now()
      await producer.add({
        name: 'sum',
        queueName: 'parents',
        children: Array.from({ length }, (_, number) => ({
          name: 'noop',
          queueName: 'children',
          data: { number },
        })),
      })
      storeMs += performance.now() - start
      const sum = await promise
      if (sum !== (length * (length - 1)) / 2) throw new Error(`The flow of ${length} children came to ${sum}`)
    }
    await flow(warmUpChildren)
    storeMs = 0
    const sample = await measured(count, async () => {
      for (let left = count; left > 0; left -= size) await flow(Math.min(size, left))
    })
    await Promise.all([parents.close(), children.close(), producer.close()])
    await connection.quit()
    return { ...sample, parts: { store: storeMs, 'map and reduce': sample.ms - storeMs } }
  }
}

async function sumOf(parent: Job): Promise<number> {
  const values: number[] = Object.values(await parent.getChildrenValues<number>())
  return values.reduce((sum, value) => sum + value, 0)
}
