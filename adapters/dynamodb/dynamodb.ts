/** The DynamoDB storage: what belongs to the whole of it - its client, its clock, its plan, its end. */
import { type Awaitable, type Finding, type Storage, StorageError, type Traits } from '../../src/storage/index.ts'
import { apply, extend } from './apply.ts'
import { claim } from './claim.ts'
import { type DynamoClient, type DynamoSettings, driverSource } from './client.ts'
import { serviceClock } from './clock.ts'
import { contentionOf } from './contention.ts'
import { count } from './count.ts'
import { databaseOver } from './database.ts'
import { examine } from './doctor.ts'
import { find } from './find.ts'
import { insert } from './insert.ts'
import { META_KEY } from './layout.ts'
import { checkOptions, type DynamoOptions } from './options.ts'
import { planOver } from './plan.ts'
import { getRows } from './read.ts'
import { requestsOver } from './requests.ts'

/** The contract on a table of DynamoDB. */
export interface DynamoStorage extends Storage {
  now(): Promise<{ readonly now: number; readonly error: number }>
  doctor(): Promise<readonly Finding[]>
  close(): Awaitable<void>
}

const traits: Traits = {
  durable: true,
  shared: true,
  order: 'close',
  // As many as one BatchGetItem takes.
  batchMax: 100,
  // An item may have 400 KB; the rest of this is for the other columns.
  rowMaxBytes: 390 * 1024,
  lagMs: 1_000,
  leaseMs: 60_000,
}

/**
 * Keeps rows in a table of DynamoDB, made by `createTable` or by the templates in docs/dynamodb.md. Any number of
 * processes may share it, anywhere.
 *
 * Given a client of `@aws-sdk/client-dynamodb`, it leaves it open on `close()`; given settings, it makes one and ends it.
 * A task costs 9 write units in its life, 7 with `listing: false` and `keepDoneDays`; docs/dynamodb.md has the table.
 * Order is close: an index that lags may let a task be overtaken. Time is told by the `Date` of DynamoDB's answers.
 *
 * @throws TypeError when an argument is not as described. A missing table, missing rights or a missing driver are told
 * by the first call, as a StorageError.
 * @example
 * ```ts
 * const work = piecework({ storage: dynamodb(client, { table: 'piecework' }), definitions: [resize] })
 * ```
 */
export function dynamodb(client: DynamoClient | DynamoSettings, options: DynamoOptions): DynamoStorage {
  const checked = checkOptions(options)
  const source = driverSource(client)
  const clock = serviceClock()
  const contention = contentionOf()
  let isOpen = true

  function refuseClosed(): void {
    if (!isOpen) throw new StorageError('closed', 'The DynamoDB storage was closed before this call')
  }

  const request = requestsOver(source, clock, checked.table, checked.timeoutMs, () => isOpen)
  const db = databaseOver(request, checked.table)
  const plan = planOver(db, checked)

  return {
    traits,
    async insert(rows) {
      refuseClosed()
      return rows.length === 0 ? [] : insert(db, await plan(), rows)
    },
    async claim(asked) {
      refuseClosed()
      return asked.wants.length === 0 ? [] : claim(db, await plan(), contention, asked)
    },
    async extend(rows, until) {
      refuseClosed()
      return rows.length === 0 ? [] : extend(db, rows, until)
    },
    async apply(changes) {
      refuseClosed()
      return changes.length === 0 ? [] : apply(db, await plan(), changes)
    },
    async get(ids) {
      refuseClosed()
      return getRows(db, ids)
    },
    async find(by, limit) {
      refuseClosed()
      return find(db, await plan(), by, limit)
    },
    async count(by) {
      refuseClosed()
      return count(db, by)
    },
    async now() {
      refuseClosed()
      // Every answer has bounded the clock already; where the last one is old, one more is asked for.
      if (!clock.isFresh()) await db.get(META_KEY)
      return clock.now()
    },
    async doctor() {
      refuseClosed()
      return examine(request, checked, clock, plan)
    },
    close() {
      if (!isOpen) return
      isOpen = false
      source.close()
    },
  }
}
