/** The indexes that selecting and relaunching go by, as the app's own migration makes them. */
import type { Document } from 'mongodb'
import { ANY_TOKEN } from './fields.ts'
import type { CheckedCollection } from './options.ts'

export interface RowIndex {
  readonly key: Readonly<Record<string, 1>>
  readonly options: { readonly partialFilterExpression: Document }
}

/**
 * Both hold only what they are for, so ended rows cost nothing. A filter of a partial index cannot say `$exists: false`,
 * yet it can say `null`, which is what a field that is not there counts as; a row that is held has a text that is not
 * empty, as `$exists: true` would hold of a `null` as well.
 */
export function indexesFor(columns: CheckedCollection): RowIndex[] {
  const { id, where, reservationId, reservationTime, reservationTimes, startTime, endTime } = columns
  // What every row that is selected has in common stands first. Conditions of other kinds are left to the app.
  const common = Object.entries(where).flatMap(([path, value]) =>
    !path.startsWith('$') && ['string', 'number', 'boolean'].includes(typeof value) ? [path] : [],
  )
  const keys = (paths: readonly string[]) => Object.fromEntries(paths.map((path) => [path, 1] as const))
  return [
    {
      key: keys([...common, reservationTimes, id]),
      options: { partialFilterExpression: { [reservationId]: null, [endTime]: null } },
    },
    {
      key: keys([startTime, reservationTime]),
      options: { partialFilterExpression: { [endTime]: null, [reservationId]: ANY_TOKEN } },
    },
  ]
}

/** As `mongosh` takes them. */
export function statementsFor(columns: CheckedCollection): string[] {
  const collection = `db.getCollection(${JSON.stringify(columns.collection)})`
  return indexesFor(columns).map(({ key, options }) => {
    return `${collection}.createIndex(${JSON.stringify(key)}, ${JSON.stringify(options)})`
  })
}
