/**
 * What somebody writes by hand on MongoDB when this is all they need: one index besides the one of the ids, claims of 500 in
 * three round trips (find, mark, read what was marked) and one update that ends them. No revisions, no retries: a floor,
 * not a peer.
 */
import { type Collection, type MongoClient, ObjectId } from 'mongodb'
import { measured, type Sample } from '../scenario.ts'
import { coalescer } from './coalescer.ts'
import { inLanes, warmUp } from './lanes.ts'
import { openClient, serverCpuOf } from './mongo.ts'

const claimedAtOnce = 500
const leaseMs = 30_000

interface Job {
  readonly _id: ObjectId
  readonly name: string
  readonly state: 'waiting' | 'running' | 'done'
  readonly wakeAt?: number
  readonly doneAt?: number
  readonly mark?: ObjectId
  readonly input: { readonly number: number }
}

export async function drain(url: string, count: number): Promise<Sample> {
  const { client, jobs } = await open(url)
  await jobs.insertMany(Array.from({ length: count }, (_, number) => jobOf(number)))
  const work = async () => {
    const done = await drainLoop(jobs)
    if (done !== count) throw new Error(`Drained ${done} of ${count} jobs`)
  }
  const sample = await measured(count, work, await serverCpuOf(client))
  await client.close()
  return sample
}

async function drainLoop(jobs: Collection<Job>): Promise<number> {
  const handler = async (_input: unknown) => {}
  for (let done = 0; ; ) {
    const claimed = await claim(jobs, Date.now())
    if (claimed.length === 0) return done
    for (const { input } of claimed) await handler(input)
    const ids = claimed.map(({ _id }) => _id)
    const end = { $set: { state: 'done', doneAt: Date.now() }, $unset: { wakeAt: 1 } } as const
    await jobs.updateMany({ _id: { $in: ids } }, end)
    done += claimed.length
  }
}

async function claim(jobs: Collection<Job>, now: number): Promise<Job[]> {
  const isDue = { wakeAt: { $lte: now } }
  const order = { name: 1, wakeAt: 1 } as const
  const found = jobs.find({ name: 'noop', ...isDue }, { projection: { _id: 1 } })
  const ids = (await found.sort(order).limit(claimedAtOnce).toArray()).map(({ _id }) => _id)
  if (ids.length === 0) return []
  const mark = new ObjectId()
  const take = { $set: { state: 'running', wakeAt: now + leaseMs, mark } } as const
  await jobs.updateMany({ _id: { $in: ids }, ...isDue }, take)
  return jobs.find({ _id: { $in: ids }, mark }).toArray()
}

/** `inFlight` adds, of which those that wait go into one insert. */
export function addCoalesced(inFlight: number) {
  return async (url: string, count: number): Promise<Sample> => {
    const { client, jobs } = await open(url)
    const add = coalescer((numbers: readonly number[]) => jobs.insertMany(numbers.map(jobOf), { ordered: false }))
    await inLanes(warmUp, inFlight, add)
    const sample = await measured(count, () => inLanes(count, inFlight, add), await serverCpuOf(client))
    await client.close()
    return sample
  }
}

function jobOf(number: number): Job {
  return { _id: new ObjectId(), name: 'noop', state: 'waiting', wakeAt: Date.now(), input: { number } }
}

async function open(url: string): Promise<{ client: MongoClient; jobs: Collection<Job> }> {
  const client = openClient(url)
  const jobs = client.db().collection<Job>('jobs')
  await jobs.createIndex({ name: 1, wakeAt: 1 }, { partialFilterExpression: { wakeAt: { $exists: true } } })
  return { client, jobs }
}
