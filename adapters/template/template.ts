/** The template of an adapter: what belongs to the whole storage - its opening, its traits, its end. Copy and rename it. */
import { type Finding, type Storage, StorageError, type Traits } from 'piecework/storage'
import { type Client, connectTo } from './database/client.ts'
import { count, find } from './find.ts'
import { insertOne } from './keys.ts'
import { checkOptions, type TemplateOptions } from './options.ts'
import { read, SCHEMA_VERSION, type Tables, tablesFor } from './tables.ts'
import { applyOne, claim, extendOne } from './write.ts'

/** What THIS storage is. A trait that lies is a failing case of the suite, or lost work. */
const traits: Traits = {
  // The stand-in keeps its records in memory. True only if what was acknowledged outlives `kill -9` of everything.
  durable: false,
  // Other processes may open the same rows. Then `now` below is a must.
  shared: true,
  // `close` where claims read an index that lags.
  order: 'exact',
  // A round trip for each row: a worker that asks for more would wait long for its first. Yours may be 1000.
  batchMax: 100,
  rowMaxBytes: 1_000_000,
  lagMs: 0,
  leaseMs: 30_000,
}

/**
 * Opens a storage. Asynchronous, so that a server that is away or of a later version is told here and not at the first
 * task.
 *
 * @throws StorageError `not_usable` when nobody answers there; `newer_schema` when a later version of this adapter made
 * the tables.
 * @throws TypeError when an option is not as described.
 */
export async function openTemplate(options: TemplateOptions): Promise<Storage> {
  const { port, client: given, prefix } = checkOptions(options)
  const client = given ?? (await connected(port))
  const tables = tablesFor(client, prefix)
  // Before anything is written: an older adapter on newer tables would damage them.
  const found = await schemaVersion(tables, SCHEMA_VERSION).catch((error: unknown) => {
    if (given === undefined) client.close()
    throw error
  })
  if (found > SCHEMA_VERSION) {
    if (given === undefined) client.close()
    const message = `The tables are of version ${found}, and this adapter knows ${SCHEMA_VERSION}. Nothing was written`
    throw new StorageError('newer_schema', message)
  }
  return storageOn(tables, given === undefined)
}

async function connected(port: number): Promise<Client> {
  try {
    return await connectTo(port)
  } catch (cause) {
    // The driver's own error is the cause. No address with a password in it goes into a message.
    throw new StorageError('not_usable', `No database answers on port ${port}`, { cause })
  }
}

/** Of what is there; where there is nothing yet, writes `fresh`. Two processes may do so at once: one of them wins. */
async function schemaVersion({ client, meta }: Tables, fresh: number): Promise<number> {
  const found = await client.get(meta, 'schema')
  if (found !== undefined) return found.fields.version as number
  if ((await client.swap(meta, 'schema', null, { version: fresh })) !== null) return fresh
  return (await client.get(meta, 'schema'))?.fields.version as number
}

function storageOn(tables: Tables, isOwn: boolean): Storage {
  const { client } = tables
  let isOpen = true

  function refuseClosed(): void {
    if (!isOpen) throw new StorageError('closed', 'The storage was closed before this call')
  }

  // Each method is async, so that what `refuseClosed` throws is a rejection as every other error is.
  return {
    traits,
    async insert(rows) {
      refuseClosed()
      // One after another: in a batch the first row with an id or a key wins.
      return eachInTurn(rows, (row) => insertOne(tables, row))
    },
    async claim(request) {
      refuseClosed()
      return claim(tables, request)
    },
    async extend(rows, until) {
      refuseClosed()
      return Promise.all(rows.map((row) => extendOne(tables, row, until)))
    },
    async apply(changes) {
      refuseClosed()
      // All at once is right here: no id stands twice in a batch, and each row is atomic by itself.
      return Promise.all(changes.map((change) => applyOne(tables, change)))
    },
    async get(ids) {
      refuseClosed()
      return Promise.all(ids.map(async (id) => (await read(tables, id))?.row))
    },
    async find(by, limit) {
      refuseClosed()
      return find(tables, by, limit)
    },
    async count(by) {
      refuseClosed()
      return count(tables, by)
    },
    async now() {
      refuseClosed()
      // The database's clock, which all processes share. 0: there is but one, so it is not off.
      return { now: await client.now(), error: 0 }
    },
    async doctor() {
      refuseClosed()
      return examine(tables)
    },
    async close() {
      isOpen = false
      // A client that the app passed is the app's to close.
      if (isOwn) client.close()
    },
  }
}

/** REPLACE: say what an operator of YOUR database gets wrong: rights, missing indexes, eviction, replicas, no flush. */
async function examine(tables: Tables): Promise<Finding[]> {
  const version = await schemaVersion(tables, SCHEMA_VERSION)
  const schema: Finding =
    version === SCHEMA_VERSION
      ? { level: 'ok', about: 'schema', message: `The tables are of version ${version}.` }
      : {
          level: 'error',
          about: 'schema',
          message: `The tables are of version ${version}: use one version everywhere.`,
        }
  return [
    schema,
    { level: 'warning', about: 'durability', message: 'The database is in memory and ends with its server.' },
  ]
}

async function eachInTurn<T, U>(things: readonly T[], run: (thing: T) => Promise<U>): Promise<U[]> {
  const results: U[] = []
  for (const thing of things) results.push(await run(thing))
  return results
}
