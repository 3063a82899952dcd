/** What all processes on a table have to agree on, kept in the table itself. */
import { StorageError } from '../../src/storage/index.ts'
import { type Item, keyItem, number, numberIn, update } from './attributes.ts'
import type { Database } from './database.ts'
import { META_KEY } from './layout.ts'
import type { CheckedOptions } from './options.ts'

/** How rows are laid out. */
export interface Plan {
  readonly shards: number
  readonly listing: boolean
  readonly keepDoneDays: number | undefined
}

const VERSION = 1

/** Asked for once, by the first call; a failure is not remembered. */
export function planOver(db: Database, options: CheckedOptions): () => Promise<Plan> {
  let agreed: Promise<Plan> | undefined
  return () => {
    agreed ??= agree(db, options).catch((error: unknown) => {
      agreed = undefined
      throw error
    })
    return agreed
  }
}

async function agree(db: Database, options: CheckedOptions): Promise<Plan> {
  const { listing, keepDoneDays } = options
  const meta = (await db.get(META_KEY)) ?? (await begin(db, options))
  const version = numberIn(meta, 'version') ?? 0
  if (version > VERSION) {
    const message = `The table ${db.table} is of version ${version}, made by a later piecework; this one knows version ${VERSION}. Nothing was written`
    throw new StorageError('newer_schema', message)
  }
  if (meta.listing?.BOOL !== listing) {
    const message = `The table ${db.table} was begun with \`listing: ${!listing}\`, which has to stay: its rows are laid out for it`
    throw new StorageError('not_usable', message)
  }
  const shards = numberIn(meta, 'shards') ?? options.shards
  if (shards < options.shards) await raise(db, options.shards)
  return { shards: Math.max(shards, options.shards), listing, keepDoneDays }
}

/** Of several first processes, the layout of one counts for all. */
async function begin(db: Database, { shards, listing }: CheckedOptions): Promise<Item> {
  const meta: Item = {
    ...keyItem(META_KEY),
    version: number(VERSION),
    shards: number(shards),
    listing: { BOOL: listing },
  }
  const outcome = await db.put(meta, {
    ConditionExpression: 'attribute_not_exists(#pk)',
    ExpressionAttributeNames: { '#pk': 'pk' },
  })
  return outcome.done ? meta : (outcome.found ?? meta)
}

/** False where another process raised it higher meanwhile, which is as well. */
async function raise(db: Database, shards: number): Promise<void> {
  await db.update(META_KEY, update({ shards: number(shards) }, '#shards < :shards', {}))
}
