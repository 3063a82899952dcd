/** What the storage finds when it looks at itself. */
import type { Finding } from '../../src/storage/index.ts'
import type { Call } from './call.ts'
import { codeOf, withoutSecrets } from './errors.ts'
import { serverTime } from './now.ts'
import { faultsOf, indexesOf } from './schema.ts'
import { localNow } from './time.ts'

/** The wire version of MongoDB 4.4, the first one with what the statements are made of. */
const WIRE_VERSION_MIN = 9

/** Further apart than this, ids sort by another time than rows wake by. */
const OFFSET_MAX_MS = 60_000

const UNAUTHORIZED = 13

export async function doctor(call: Call): Promise<readonly Finding[]> {
  const hello = await call.read({ hello: 1 })
  return [
    version(hello),
    topology(hello),
    await indexes(call),
    await clock(call),
    await durability(call),
    ...(await rights(call)),
  ]
}

function version({ maxWireVersion }: { maxWireVersion?: number }): Finding {
  const about = 'version'
  if (maxWireVersion !== undefined && maxWireVersion >= WIRE_VERSION_MIN) {
    return { level: 'ok', about, message: `The server speaks wire version ${maxWireVersion}.` }
  }
  const message = `The server speaks wire version ${maxWireVersion}: MongoDB 4.4 or later is needed.`
  return { level: 'error', about, message }
}

function topology(hello: { setName?: string; msg?: string; hosts?: readonly string[] }): Finding {
  const about = 'topology'
  if (hello.msg === 'isdbgrid') {
    const message = 'The cluster is sharded: leave the collections of piecework unsharded, on one shard.'
    return { level: 'warning', about, message }
  }
  if (hello.setName === undefined) {
    const message =
      'The server is standalone: what it acknowledged is safe in its journal, as long as its disk is; there are no ' +
      'transactions, and workers poll for lack of change streams.'
    return { level: 'ok', about, message }
  }
  return { level: 'ok', about, message: `A replica set of ${hello.hosts?.length ?? 1}, with change streams.` }
}

async function indexes(call: Call): Promise<Finding> {
  const faults = faultsOf(await indexesOf(call))
  const message = faults.map((fault) => fault.message).join('; ')
  if (faults.length > 0) return { level: 'error', about: 'indexes', message: `${message}.` }
  return { level: 'ok', about: 'indexes', message: 'All indexes are there and as they should be.' }
}

async function clock(call: Call): Promise<Finding> {
  const asked = localNow()
  const now = await serverTime(call)
  const offsetMs = Math.round(now - (asked + localNow()) / 2)
  const message = `The server's clock is ${Math.abs(offsetMs)} ms ${offsetMs < 0 ? 'behind' : 'ahead of'} this machine's.`
  if (Math.abs(offsetMs) <= OFFSET_MAX_MS) return { level: 'ok', about: 'clock', message }
  return { level: 'warning', about: 'clock', message: `${message} Synchronise both with the same time.` }
}

/** Asks the storage engine whether it keeps anything; the right to ask is an operator's, so it may be refused. */
async function durability(call: Call): Promise<Finding> {
  const about = 'durability'
  try {
    const { storageEngine } = await call.read({ serverStatus: 1, metrics: 0, wiredTiger: 0, locks: 0 })
    if (storageEngine?.persistent === false) {
      const message = `The storage engine ${storageEngine.name} keeps nothing on disk: work is lost when the server ends.`
      return { level: 'error', about, message }
    }
  } catch (error) {
    if (codeOf(error) === undefined) throw error
  }
  return {
    level: 'ok',
    about,
    message: 'Writes are acknowledged once they are in the journal, of a majority where there is one.',
  }
}

/** Tries each right in a way that changes nothing: an insert that must collide, and writes that meet no row. */
async function rights(call: Call): Promise<Finding[]> {
  const { row, meta } = call.names
  const nothing = { _id: { $in: [] } }
  const trials: readonly [right: string, command: object][] = [
    ['insert into', { insert: meta, documents: [{ _id: 'schema' }] }],
    ['update', { update: row, updates: [{ q: nothing, u: { $set: { state: '' } }, multi: true }] }],
    ['remove from', { delete: row, deletes: [{ q: nothing, limit: 0 }] }],
  ]
  const missing: Finding[] = []
  for (const [right, command] of trials) {
    try {
      await call.write(command)
    } catch (error) {
      if (codeOf(error) !== UNAUTHORIZED) throw error
      const reason = withoutSecrets(error instanceof Error ? error.message : String(error))
      const message = `The user may not ${right} the collections: give it the role readWrite (${reason}).`
      missing.push({ level: 'error', about: 'rights', message })
    }
  }
  if (missing.length > 0) return missing
  return [{ level: 'ok', about: 'rights', message: 'The user may insert, update and remove rows.' }]
}
