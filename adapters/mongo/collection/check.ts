/** Whether the collection fits, found out before the first row is touched: what is wrong, and what to do about it. */
import type { Document } from 'mongodb'
import { type ReservationColumn, reservationColumns, StorageError } from '../../../src/storage/index.ts'
import type { Call } from '../call.ts'
import { codeOf } from '../errors.ts'
import { parentsOf } from './fields.ts'
import type { CheckedCollection } from './options.ts'

/** Documents have no schema: so many of them, anywhere in the collection, stand for the rest. */
const SAMPLE = 1_000

const UNAUTHORIZED = 13
/** What the server says of a filter that it cannot read; other parts of it have numbers of five digits. */
const BAD_FILTERS = new Set([2, 9, 14])
const FIRST_OTHER = 15_000

const empty = ['missing', 'null', 'undefined']
const numbers = ['int', 'long', 'double', 'decimal']
const fitting: Readonly<Record<ReservationColumn, readonly [types: readonly string[], what: string]>> = {
  reservationId: [['string'], 'a string'],
  reservationTime: [['date'], 'a Date'],
  reservationTimes: [numbers, 'a number'],
  startTime: [['date'], 'a Date'],
  endTime: [['date'], 'a Date'],
  success: [['bool'], 'true or false'],
  error: [['string'], 'a string'],
}
/** What a look at the collection told. */
export interface Sampled {
  /** How many of the keys are strings; of none, `some` may become. */
  readonly strings: 'all' | 'some' | 'none'
}

/** @throws StorageError `not_usable` with all that was found. */
export async function checkFit(call: Call, columns: CheckedCollection): Promise<Sampled> {
  const { collection } = columns
  const missing = await findCollection(call, collection)
  if (missing !== undefined) throw new StorageError('not_usable', missing)
  const demands = demandsOf(columns)
  const types = await sampledTypes(call, collection, demands)
  const findings = [
    ...(await keyFindings(call, columns)),
    ...typeFindings(demands, types),
    ...(await filterFindings(call, columns)),
  ]
  if (findings.length > 0) {
    throw new StorageError('not_usable', `The collection "${collection}" cannot be used:\n- ${findings.join('\n- ')}`)
  }
  const isString = types.map(([key]) => key === 'string')
  if (types.length === 0) return { strings: 'some' }
  return { strings: isString.every(Boolean) ? 'all' : isString.some(Boolean) ? 'some' : 'none' }
}

async function findCollection(call: Call, name: string): Promise<string | undefined> {
  const [found] = await listed(call, name)
  if (found === undefined) {
    return `There is no collection "${name}" in this database: db.createCollection(${JSON.stringify(name)}) makes it`
  }
  if (found.type !== 'collection')
    return `"${name}" is a ${found.type}: name a collection whose documents can be updated`
  const { locale } = found.options?.collation ?? {}
  if (locale === undefined || locale === 'simple') return undefined
  return `The collection "${name}" compares texts by the rules of a language (${locale}), so that two keys may count as one: name a collection without a collation`
}

/** A user who may not list collections is believed: what is wrong shows later. */
async function listed(call: Call, name: string): Promise<Document[]> {
  try {
    const { cursor } = await call.read({ listCollections: 1, filter: { name } })
    return cursor.firstBatch
  } catch (error) {
    if (codeOf(error) !== UNAUTHORIZED) throw error
    return [{ type: 'collection' }]
  }
}

async function keyFindings(call: Call, { collection, id }: CheckedCollection): Promise<string[]> {
  if (id === '_id') return []
  const { cursor } = await call.read({ listIndexes: collection, cursor: { batchSize: 1_000 } })
  const own = cursor.firstBatch.filter(({ key }: Document) => Object.keys(key).join() === id)
  const isFit = ({ unique, sparse, partialFilterExpression, collation }: Document) =>
    unique === true && !sparse && !partialFilterExpression && [undefined, 'simple'].includes(collation?.locale)
  if (own.some(isFit)) return []
  const key = JSON.stringify({ [id]: 1 })
  const statement = `db.getCollection(${JSON.stringify(collection)}).createIndex(${key}, { unique: true })`
  const wanted = 'a unique index of this field alone, over all documents and without a collation'
  return [`the key "${id}" needs ${wanted}: ${statement}`]
}

/** A path, and what has to be there. */
interface Demand {
  readonly path: string
  fits(type: string): boolean
  finding(type: string): string
}

/** The key comes first. */
function demandsOf(columns: CheckedCollection): Demand[] {
  const used = reservationColumns.flatMap((column) => {
    const path = columns[column]
    return path === undefined ? [] : [{ column, path }]
  })
  return [
    {
      path: columns.id,
      fits: (type) => type !== 'object' && type !== 'array',
      finding: (type) => `the key "${columns.id}" of a document is an ${type}: a key of one value is needed`,
    },
    ...used.map(({ column, path }): Demand => {
      const [types, what] = fitting[column]
      const finding = (type: string) =>
        `"${path}" (${column}) of a document is of type ${type}, and has to be ${what} or null: convert it, or name another field`
      return { path, fits: (type) => [...empty, ...types].includes(type), finding }
    }),
    ...parentsOf(used.map(({ path }) => path)).map((path): Demand => {
      const finding = (type: string) =>
        `"${path}" of a document is of type ${type}, and fields have to be written in it: name fields elsewhere`
      return { path, fits: (type) => [...empty, 'object'].includes(type), finding }
    }),
  ]
}

/** The types of what is demanded, as they occur together. */
async function sampledTypes(call: Call, collection: string, demands: readonly Demand[]): Promise<string[][]> {
  const types = demands.map(({ path }) => ({ $type: `$${path}` }))
  const pipeline = [{ $sample: { size: SAMPLE } }, { $group: { _id: types } }]
  const { cursor } = await call.read({ aggregate: collection, pipeline, cursor: { batchSize: SAMPLE + 1 } })
  return cursor.firstBatch.map(({ _id }: Document) => _id)
}

function typeFindings(demands: readonly Demand[], sampled: readonly string[][]): string[] {
  const findings = demands.flatMap(({ fits, finding }, at) => {
    const wrong = sampled.flatMap((found) => found[at] ?? []).filter((type) => !fits(type))
    return wrong.map(finding)
  })
  return [...new Set(findings)]
}

async function filterFindings(call: Call, { collection, where }: CheckedCollection): Promise<string[]> {
  try {
    await call.read({ find: collection, filter: where, limit: 1, singleBatch: true })
    return []
  } catch (error) {
    const code = codeOf(error) ?? 0
    if (!(error instanceof Error) || !(BAD_FILTERS.has(code) || code >= FIRST_OTHER)) throw error
    return [`the server does not take \`where\`: ${error.message}`]
  }
}
