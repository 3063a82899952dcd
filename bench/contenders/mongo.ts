/** MongoDB as all contenders get it: each write is in the journal, of most members where there are any, before it counts. */
import { MongoClient } from 'mongodb'
import { cpuMeter } from './server-cpu.ts'

export function openClient(url: string): MongoClient {
  // A standalone server that is asked for a majority does not wait for its journal.
  const w = /[?&]replicaSet=/.test(url) ? 'majority' : 1
  return new MongoClient(url, { writeConcern: { w, journal: true } })
}

/** The CPU of the whole server. */
export async function serverCpuOf(client: MongoClient): Promise<(() => number) | undefined> {
  const { pid } = await client.db('admin').command({ serverStatus: 1 })
  return cpuMeter(Number(pid), 'mongo')
}
