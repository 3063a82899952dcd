/** Ours on MongoDB, with the client of the other contenders. */
import { mongo } from 'piecework/mongo'
import { openClient, serverCpuOf } from './mongo.ts'
import type { Home } from './piecework.ts'

export async function onMongo(url: string): Promise<Home> {
  const client = openClient(url)
  return {
    storage: mongo(client.db()),
    settle: () => {},
    serverCpuMs: await serverCpuOf(client),
    close: () => client.close(),
  }
}
