/** The requests that the adapter makes of its one table. */
import type {
  DeleteItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
  ScanCommandInput,
  TransactWriteItem,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { type Item, type Key, keyItem } from './attributes.ts'
import { FalseCondition, itemIn, type Reason, reasonsIn } from './errors.ts'
import type { Requests } from './requests.ts'

/** DynamoDB's own limit. */
const GET_MAX = 100

/** What a conditional write came to: what was asked to be returned, or the item that was found in its place. */
export type Outcome =
  | { readonly done: true; readonly item: Item | undefined }
  | { readonly done: false; readonly found: Item | undefined; readonly isRepeated: boolean }

/** Items in their order, and where to go on. */
export interface Part {
  readonly items: Item[]
  readonly next: Item | undefined
}

type Without<Input> = Omit<Input, 'TableName' | 'Key' | 'ReturnValuesOnConditionCheckFailure'>

/**
 * Refuses to say that a write was not done where nobody can tell: one of its tries got no answer, and what it may have
 * written is written over by now.
 */
export function sureOf(outcome: Extract<Outcome, { done: false }>, id: string): void {
  if (!outcome.isRepeated) return
  throw new Error(`A write to row ${id} got no answer, and the row has moved on: whether it was done is not known`)
}

export interface Database {
  readonly table: string
  /** Consistent, as every read of items here. */
  get(key: Key): Promise<Item | undefined>
  /** The items that are there, in no order. */
  getAll(keys: readonly Key[]): Promise<Item[]>
  put(item: Item, input?: Without<Omit<PutItemCommandInput, 'Item'>>): Promise<Outcome>
  update(key: Key, input: Without<UpdateItemCommandInput>): Promise<Outcome>
  remove(key: Key, input?: Without<DeleteItemCommandInput>): Promise<Outcome>
  /** Nothing where all was done, else why it was not, by position. */
  transact(items: readonly TransactWriteItem[]): Promise<readonly Reason[] | undefined>
  query(input: Without<QueryCommandInput>): Promise<Part>
  scan(input: Without<ScanCommandInput>): Promise<Part>
}

export function databaseOver(request: Requests, table: string): Database {
  const TableName = table
  const asFound = { TableName, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const

  async function get(key: Key): Promise<Item | undefined> {
    const input = { TableName, Key: keyItem(key), ConsistentRead: true }
    const { Item: item } = await request(false, ({ sdk, client }, timed, options) =>
      client.send(timed(new sdk.GetItemCommand(input)), options),
    )
    return item
  }

  /** An earlier try of the write may have been our own success: without this read, nobody knows. */
  function reread(key: Key): Promise<Item | undefined> {
    return get(key).catch((cause: unknown) => {
      throw new Error('What became of a write could not be read', { cause })
    })
  }

  /** Not every server sends the item that a condition failed on; then it is read. */
  async function outcome(key: Key, write: Promise<{ Attributes?: Item | undefined }>): Promise<Outcome> {
    try {
      return { done: true, item: (await write).Attributes }
    } catch (error) {
      if (!(error instanceof FalseCondition)) throw error
      const { cause, isRepeated } = error
      return { done: false, found: itemIn(cause) ?? (await reread(key)), isRepeated }
    }
  }

  async function getSome(keys: readonly Key[]): Promise<Item[]> {
    const items: Item[] = []
    let left: Item[] = keys.map(keyItem)
    // What a server leaves out because it is too much at once comes with the next request; throttled, none of it does.
    while (left.length > 0) {
      const RequestItems = { [TableName]: { Keys: left, ConsistentRead: true } }
      const answer = await request(false, async ({ sdk, client }, timed, options) => {
        const got = await client.send(timed(new sdk.BatchGetItemCommand({ RequestItems })), options)
        const isNone = Object.values(got.Responses ?? {}).every((some) => some.length === 0)
        if (isNone && Object.keys(got.UnprocessedKeys ?? {}).length > 0) throw new Unprocessed()
        return got
      })
      items.push(...Object.values(answer.Responses ?? {}).flat())
      left = Object.values(answer.UnprocessedKeys ?? {}).flatMap(({ Keys }) => Keys ?? [])
    }
    return items
  }

  return {
    table,
    get,
    async getAll(keys) {
      const parts: Promise<Item[]>[] = []
      for (let at = 0; at < keys.length; at += GET_MAX) parts.push(getSome(keys.slice(at, at + GET_MAX)))
      return (await Promise.all(parts)).flat()
    },
    put: (item, input) =>
      outcome(
        { pk: item.pk?.S ?? '', sk: item.sk?.S ?? '' },
        request(true, ({ sdk, client }, timed, options) =>
          client.send(timed(new sdk.PutItemCommand({ ...asFound, ...input, Item: item })), options),
        ),
      ),
    update: (key, input) =>
      outcome(
        key,
        request(true, ({ sdk, client }, timed, options) =>
          client.send(timed(new sdk.UpdateItemCommand({ ...asFound, ...input, Key: keyItem(key) })), options),
        ),
      ),
    remove: (key, input) =>
      outcome(
        key,
        request(true, ({ sdk, client }, timed, options) =>
          client.send(timed(new sdk.DeleteItemCommand({ ...asFound, ...input, Key: keyItem(key) })), options),
        ),
      ),
    async transact(items) {
      const TransactItems = [...items]
      try {
        await request(true, ({ sdk, client }, timed, options) =>
          client.send(timed(new sdk.TransactWriteItemsCommand({ TransactItems })), options),
        )
        return undefined
      } catch (error) {
        if (!(error instanceof FalseCondition)) throw error
        return reasonsIn(error.cause)
      }
    },
    async query(input) {
      const answer = await request(false, ({ sdk, client }, timed, options) =>
        client.send(timed(new sdk.QueryCommand({ TableName, ...input })), options),
      )
      return { items: answer.Items ?? [], next: answer.LastEvaluatedKey }
    },
    async scan(input) {
      const answer = await request(false, ({ sdk, client }, timed, options) =>
        client.send(timed(new sdk.ScanCommand({ TableName, ...input })), options),
      )
      return { items: answer.Items ?? [], next: answer.LastEvaluatedKey }
    },
  }
}

/** A batch of which nothing was read: throttling under another name. */
class Unprocessed extends Error {
  override readonly name = 'ThrottlingException'
  override readonly message = 'none of the keys of a batch was processed'
}
