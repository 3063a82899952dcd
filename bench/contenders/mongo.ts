/** MongoDB as all contenders get it: each write is on the disk of most members before it counts. */
import { MongoClient } from 'mongodb'
import { cpuMeter } from './server-cpu.ts'

export function openClient(url: string): MongoClient {
  return new MongoClient(url, { writeConcern: { w: 'majority', journal: true } })
}

/** The CPU of the whole server. */
export async function serverCpuOf(client: MongoClient): Promise<(() => number) | undefined> {
  const { pid } = await client.db('admin').command({ serverStatus: 1 })
  return cpuMeter(Number(pid), 'mongo')
}
