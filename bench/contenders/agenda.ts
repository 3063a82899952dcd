/**
 * Agenda 6 on its MongoDB backend. It locks one job a round trip and stores each as it ends; 100 jobs at once and no limit
 * of locks. It looks for jobs every second; more often was not faster. It keeps jobs that are done.
 */
import { MongoBackend } from '@agendajs/mongo-backend'
import { Agenda } from 'agenda'
import { measured, type Sample } from '../scenario.ts'
import { inLanes, warmUp } from './lanes.ts'
import { openClient, serverCpuOf } from './mongo.ts'

const concurrency = 100

export async function drain(url: string, count: number): Promise<Sample> {
  const client = openClient(url)
  const agenda = await open(client)
  await inLanes(count, 100, (number) => agenda.now('noop', { number }))
  const work = async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    let done = 0
    agenda.on('complete', () => {
      if (++done === count) resolve()
    })
    await agenda.start()
    await promise
  }
  const sample = await measured(count, work, await serverCpuOf(client))
  await agenda.stop()
  await client.close()
  return sample
}

export function addSingly(inFlight: number) {
  return async (url: string, count: number): Promise<Sample> => {
    const client = openClient(url)
    const agenda = await open(client)
    const add = (number: number) => agenda.now('noop', { number })
    await inLanes(warmUp, inFlight, add)
    const sample = await measured(count, () => inLanes(count, inFlight, add), await serverCpuOf(client))
    await client.close()
    return sample
  }
}

async function open(client: ReturnType<typeof openClient>): Promise<Agenda> {
  const agenda = new Agenda({
    backend: new MongoBackend({ mongo: client.db() }),
    processEvery: '1 second',
    maxConcurrency: concurrency,
    defaultConcurrency: concurrency,
  })
  agenda.define('noop', async () => {})
  await agenda.ready
  return agenda
}
