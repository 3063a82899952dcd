/** The server's clock. */
import type { Call } from './call.ts'

/** Of the primary. `hello` tells it, too, but not on every server that speaks the protocol. */
export async function serverTime(call: Call): Promise<number> {
  const find = { find: call.names.meta, filter: { _id: 'schema' }, projection: { _id: 0, now: '$$NOW' } }
  const { cursor } = await call.read({ ...find, limit: 1, singleBatch: true })
  const now: unknown = cursor.firstBatch[0]?.now
  if (!(now instanceof Date)) throw new Error(`The collection ${call.names.meta} was emptied by another program`)
  return now.getTime()
}
