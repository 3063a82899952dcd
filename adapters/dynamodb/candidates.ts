/** What could be claimed, as the index tells it: in order, and perhaps no longer so. */
import { aliases, type Item, type Key, keyOf, text, textIn } from './attributes.ts'
import type { Database } from './database.ts'
import { DUE_INDEX, dueEnd, dueGroup, idAt, readTurn } from './layout.ts'

export interface Candidate {
  readonly key: Key
  readonly id: string
  readonly name: string
  /** Its place in the order; the row is as it was listed for as long as this is still its place. */
  readonly turn: string
}

const LAST_PRIORITY = 9
const BETWEEN = '#due = :group AND #turn BETWEEN :from AND :to'

/** The first due rows of all the names, at least `each` of every name where there are as many, in the order of claims. */
export async function candidates(
  db: Database,
  shards: number,
  names: readonly string[],
  now: number,
  each: (name: string) => number,
): Promise<Candidate[]> {
  const groups = names.flatMap((name) =>
    Array.from({ length: shards }, (_, shard) => dueIn(db, name, dueGroup(name, shard), now, each(name))),
  )
  return (await Promise.all(groups)).flat().sort(inOrder)
}

/** One request where nothing waits; one more for each priority that has rows of the future. */
async function dueIn(db: Database, name: string, group: string, now: number, limit: number): Promise<Candidate[]> {
  const found: Candidate[] = []
  let from = '0'
  let start: Item | undefined
  while (found.length < limit) {
    const part = await db.query({
      IndexName: DUE_INDEX.name,
      KeyConditionExpression: BETWEEN,
      ...aliases(BETWEEN),
      ExpressionAttributeValues: {
        ':group': text(group),
        ':from': text(from),
        ':to': text(dueEnd(LAST_PRIORITY, now)),
      },
      Limit: limit - found.length,
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    })
    start = part.next
    for (const entry of part.items) {
      const turn = textIn(entry, 'turn') ?? ''
      const { priority, wakeAt } = readTurn(turn)
      if (wakeAt > now) {
        // All that follows in this lane is of the future: on to the next one.
        if (priority === LAST_PRIORITY) return found
        from = String(priority + 1)
        start = undefined
        break
      }
      const key = keyOf(entry)
      found.push({ key, id: idAt(key), name, turn })
      if (entry === part.items.at(-1) && part.next === undefined) return found
    }
    if (part.items.length === 0 && part.next === undefined) return found
  }
  return found
}

/** Turns hold priority, wakeAt, tries and id as text of fixed widths. */
export function inOrder(one: Candidate, other: Candidate): number {
  return one.turn < other.turn ? -1 : one.turn > other.turn ? 1 : 0
}
