/** What is left of a claim: by the index of due rows, where all rows of one wake time lie together in each lane. */
import type { FindBy, Row } from '../../src/storage/index.ts'
import { aliases, type Item, keyOf, text, textIn } from './attributes.ts'
import type { Database } from './database.ts'
import { DUE_INDEX, dueEnd, dueGroup, dueStart, idAt, readTurn } from './layout.ts'
import type { Plan } from './plan.ts'
import { getRows } from './read.ts'

const LAST_PRIORITY = 9

/** How many entries of the index one request reads: more than most claims take, and few where others lie in between. */
const LOOK = 100

const BETWEEN = '#due = :group AND #turn BETWEEN :from AND :to'

type ByClaim = Extract<FindBy, { claimedBy: string }>

export async function findClaimed(db: Database, { shards }: Plan, by: ByClaim, limit: number): Promise<Row[]> {
  const { claimedBy, until, names } = by
  const groups = [...new Set(names)].flatMap((name) =>
    Array.from({ length: shards }, (_, shard) => wakingIn(db, dueGroup(name, shard), until)),
  )
  const rows = await getRows(db, (await Promise.all(groups)).flat())
  // The index does not know who holds a row, and may be behind.
  const fits = (row: Row) => row.holder === claimedBy && row.wakeAt === until && names.includes(row.name)
  return rows.filter((row) => row !== undefined && fits(row)).slice(0, limit) as Row[]
}

/** The ids of the rows that wake at this instant. One request more for each priority that has rows of other instants. */
async function wakingIn(db: Database, group: string, at: number): Promise<string[]> {
  const ids: string[] = []
  let from = dueStart(0, at)
  let start: Item | undefined
  for (;;) {
    const part = await db.query({
      IndexName: DUE_INDEX.name,
      KeyConditionExpression: BETWEEN,
      ...aliases(BETWEEN),
      ExpressionAttributeValues: {
        ':group': text(group),
        ':from': text(from),
        ':to': text(dueEnd(LAST_PRIORITY, at)),
      },
      Limit: LOOK,
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    })
    const turns = part.items.map((entry) => ({ turn: textIn(entry, 'turn') ?? '', id: idAt(keyOf(entry)) }))
    const end = turns.findIndex(({ turn }) => readTurn(turn).wakeAt !== at)
    ids.push(...(end < 0 ? turns : turns.slice(0, end)).map(({ id }) => id))
    start = end < 0 ? part.next : undefined
    if (end < 0 && start === undefined) return ids
    if (end < 0) continue
    const { priority, wakeAt } = readTurn(turns[end]?.turn ?? '')
    // Earlier ones of the next priority are passed over, and what follows later ones is of the next priority.
    const lane = wakeAt < at ? priority : priority + 1
    if (lane > LAST_PRIORITY) return ids
    from = dueStart(lane, at)
  }
}
