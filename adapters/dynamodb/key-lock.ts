/**
 * Keys are held by items of their own, each written in one transaction with the row that takes it.
 *
 * A row never takes a key later. So when a lock's owner is found without the key, it has let go of it for good, and
 * whoever finds it so may take the lock over: letting go needs no transaction, and may be left undone by a crash.
 */
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb'
import { aliases, type Item, keyItem, text, textIn } from './attributes.ts'
import type { Database } from './database.ts'
import { lockKey, rowKey } from './layout.ts'

/** The write that takes the lock: a free one, or the one that its owner with this mark has let go of. */
export function takeLock(
  table: string,
  key: string,
  owner: string,
  mark: string,
  abandoned: string | undefined,
): TransactWriteItem {
  const condition = abandoned === undefined ? 'attribute_not_exists(#pk)' : '#mark = :abandoned'
  return {
    Put: {
      TableName: table,
      Item: { ...keyItem(lockKey(key)), owner: text(owner), mark: text(mark) },
      ConditionExpression: condition,
      ...aliases(condition),
      ...(abandoned === undefined ? {} : { ExpressionAttributeValues: { ':abandoned': text(abandoned) } }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  }
}

/** Who is in the way: a row that holds the key, or only a lock that its owner let go of, or, by now, nothing. */
export interface Standing {
  readonly owner?: Item
  /** The mark of the lock that nobody stands behind. */
  readonly abandoned?: string
}

export async function standingOf(db: Database, key: string, sent: Item | undefined): Promise<Standing> {
  const lock = sent ?? (await db.get(lockKey(key)))
  if (lock === undefined) return {}
  const owner = await db.get(rowKey(textIn(lock, 'owner') ?? ''))
  if (owner !== undefined && textIn(owner, 'key') === key) return { owner }
  return { abandoned: textIn(lock, 'mark') ?? '' }
}

/** The mark keeps it from freeing a lock that has a new owner, even one of the same id. */
export async function freeLock(db: Database, key: string, mark: string | null): Promise<void> {
  if (mark === null) return
  const condition = '#mark = :mark'
  const mine = { ConditionExpression: condition, ...aliases(condition) }
  // The next insert of the key finds out by itself, should this one not come to pass.
  await db.remove(lockKey(key), { ...mine, ExpressionAttributeValues: { ':mark': text(mark) } }).catch(() => {})
}
