/** The two collections: their names, their indexes, their version, and how they come to be. */
import { StorageError } from '../../src/storage/index.ts'
import type { Call } from './call.ts'
import { codeOf } from './errors.ts'
import { pause } from './time.ts'

/** The names that this storage has in the database. */
export interface Names {
  readonly row: string
  readonly meta: string
}

export function namesFor(prefix: string): Names {
  return { row: `${prefix}row`, meta: `${prefix}meta` }
}

/** An index as `createIndexes` takes it and `listIndexes` gives it back. */
export interface Index {
  readonly name: string
  readonly key: Readonly<Record<string, 1>>
  readonly unique?: boolean
  readonly partialFilterExpression?: object
  readonly collation?: { readonly locale: string }
}

/**
 * No index begins with a name but `due`, so no plan can prefer another one for a claim. Lists by id and by parent without
 * states go by `_id`: the id of a row with a parent begins with the parent's. Nothing that a heartbeat or a claim writes
 * stands in an index besides `due`, and for parts the state.
 */
export const INDEXES: readonly Index[] = [
  // tries and _id stay in: rows of one bulk insert share wakeAt, and without them each claim would sort them all.
  partial('due', { name: 1, priority: 1, wakeAt: 1, tries: 1, _id: 1 }, 'wakeAt'),
  { ...partial('key', { key: 1 }, 'key'), unique: true },
  partial('parent', { parent: 1, state: 1, _id: 1 }, 'parent'),
  partial('done', { doneAt: 1 }, 'doneAt'),
]

function partial(name: string, key: Index['key'], field: string): Index {
  return { name, key, partialFilterExpression: { [field]: { $exists: true } } }
}

/** The version that this code reads and writes. */
const SCHEMA_VERSION = 1

/** WriteConflict, NamespaceExists, DuplicateKey: another process makes the same things at the same time. */
const RACES = new Set([112, 48, 11000])
const TRIES_MAX = 10

/** Makes what is not there. Any number of processes may do so at once, and one that dies half-way leaves what is true. */
export async function prepare(call: Call): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await prepareOnce(call)
    } catch (error) {
      if (error instanceof StorageError || tries === TRIES_MAX || !RACES.has(codeOf(error) ?? 0)) throw error
      await pause(20 * tries)
    }
  }
}

async function prepareOnce(call: Call): Promise<void> {
  const version = await versionOf(call)
  if (version !== undefined && version > SCHEMA_VERSION) {
    throw new StorageError(
      'newer_schema',
      `The collections are of version ${version}, made by a later piecework; this one knows version ${SCHEMA_VERSION}. Nothing was written`,
    )
  }
  const faults = faultsOf(await indexesOf(call))
  const wrong = faults.find((fault) => !fault.missing)
  if (wrong) throw new StorageError('not_usable', wrong.message)
  // A user without the right to make indexes can work where they are as they should be.
  if (faults.length > 0) {
    const missing = INDEXES.filter((index) => faults.some((fault) => fault.index === index.name))
    await call.write({ createIndexes: call.names.row, indexes: missing })
  }
  if (version === undefined) {
    const u = { $setOnInsert: { version: SCHEMA_VERSION } }
    await call.write({ update: call.names.meta, updates: [{ q: { _id: 'schema' }, u, upsert: true }] })
  }
}

async function versionOf(call: Call): Promise<number | undefined> {
  const meta = await call.read({ find: call.names.meta, filter: { _id: 'schema' }, limit: 1, singleBatch: true })
  const found = meta.cursor.firstBatch[0]
  if (found === undefined || typeof found.version === 'number') return found?.version
  throw new StorageError(
    'not_usable',
    `The collection ${call.names.meta} has no schema version: another program made or changed it`,
  )
}

/** All indexes of the collection of rows; none where there is no such collection. */
export async function indexesOf(call: Call): Promise<Index[]> {
  try {
    const reply = await call.read({ listIndexes: call.names.row, cursor: { batchSize: 1_000 } })
    return reply.cursor.firstBatch
  } catch (error) {
    if (codeOf(error) === NAMESPACE_NOT_FOUND) return []
    throw error
  }
}

const NAMESPACE_NOT_FOUND = 26

export interface IndexFault {
  readonly index: string
  readonly missing: boolean
  readonly message: string
}

/** What is wrong with the indexes. A missing one can be made; one that is there with another shape is somebody's to drop. */
export function faultsOf(found: readonly Index[]): IndexFault[] {
  const faults: IndexFault[] = []
  // A collection of the app's making with a collation of its own would take `A` and `a` for one id.
  const primary = found.find((index) => index.name === '_id_')
  if (isCollated(primary)) {
    const message = 'The collection of rows has a collation, so that ids are not compared byte by byte: drop it'
    faults.push({ index: '_id_', missing: false, message })
  }
  for (const index of INDEXES) {
    const there = found.find((each) => each.name === index.name)
    const what = `The index ${index.name} of the collection of rows`
    if (there === undefined) {
      faults.push({ index: index.name, missing: true, message: `${what} is missing: the next start makes it` })
    } else if (shapeOf(there) !== shapeOf(index)) {
      const message = `${what} is not as piecework makes it: drop it, and the next start makes it anew`
      faults.push({ index: index.name, missing: false, message })
    }
  }
  return faults
}

function shapeOf(index: Index): string {
  const { key, unique = false, partialFilterExpression } = index
  return JSON.stringify([Object.entries(key), unique, partialFilterExpression, isCollated(index)])
}

/** Whether it compares by a language's rules; `simple` is by bytes, and most servers leave it out. */
function isCollated(index: Index | undefined): boolean {
  return index?.collation !== undefined && index.collation.locale !== 'simple'
}
