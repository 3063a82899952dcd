/** What a collection of the app's own may be told, checked at the door. */
import type { Document, Filter } from 'mongodb'
import { checkColumns, type ReservationColumns, reservationColumns } from '../../../src/storage/index.ts'
import { checkOptions, expected } from '../options.ts'

/** The fields of the app's own, by name or by path with dots: `scrape.reservationId`. */
export interface MongoCollectionOptions extends ReservationColumns {
  /** The name of the collection. */
  readonly collection: string
  /** The field of the key: `_id`, or one with a unique index of its own. @default '_id' */
  readonly id?: string
  /** Only documents that match are reserved and counted: `{ country: 'GR' }`. */
  readonly where?: Filter<Document>
  /** How long one call may take, with all that it waits for. @default 10_000 */
  readonly callTimeoutMs?: number
}

export interface CheckedCollection extends ReservationColumns {
  readonly collection: string
  readonly id: string
  readonly where: Document
  readonly callTimeoutMs: number
}

/** @throws TypeError naming the option. */
export function checkCollection(options: MongoCollectionOptions): CheckedCollection {
  if (typeof options !== 'object' || options === null) throw expected('options', 'an object', options)
  const known = ['collection', 'where', 'callTimeoutMs'] as const
  const { where = {}, callTimeoutMs, ...columns } = checkColumns({ ...options, id: options.id ?? '_id' }, known)
  const { collection } = columns
  if (typeof collection !== 'string' || !isCollectionName(collection)) {
    throw expected('collection', 'the name of a collection', collection)
  }
  if (typeof where !== 'object' || where === null || Array.isArray(where)) {
    throw expected('where', "a filter such as { country: 'GR' }", where)
  }
  checkPaths(columns)
  return { ...columns, where, ...checkOptions(callTimeoutMs === undefined ? {} : { callTimeoutMs }) }
}

function isCollectionName(name: string): boolean {
  return name !== '' && !/^system\.|^\.|\.$|[$\0]/.test(name)
}

function checkPaths(columns: ReservationColumns & { readonly id: string }): void {
  const paths: (readonly [option: string, path: string])[] = []
  for (const option of ['id', ...reservationColumns] as const) {
    const path = columns[option]
    if (path === undefined) continue
    // In a filter a number is also a place in an array, in an update it is a name alone.
    if (path.split('.').some((step) => step === '' || step.startsWith('$') || /^\d+$/.test(step))) {
      throw expected(option, 'a field, or a path of fields with dots', path)
    }
    if (option !== 'id' && path.split('.')[0] === '_id') {
      throw expected(option, 'a field that can be written, and `_id` cannot', path)
    }
    const inside = paths.find(([, other]) => path.startsWith(`${other}.`) || other.startsWith(`${path}.`))
    if (inside) {
      throw new TypeError(
        `Expected \`${option}\` and \`${inside[0]}\` to lie side by side, got "${path}" and "${inside[1]}"`,
      )
    }
    paths.push([option, path])
  }
}
