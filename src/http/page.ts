/** One page of a list: how long it is, and where the next one begins. */
import { closed, listOf, type Schema } from './openapi/schema.ts'
import type { Query } from './query.ts'

/** What the query of a list may say beside what the list is of. `what` is what it goes by. */
export function pageQuery(what: string) {
  return {
    limit: {
      type: 'integer',
      default: 50,
      description: 'How many: 1 to 1,000; of what is beyond, the nearest.',
    },
    after: { type: 'string', description: `Only those with a greater ${what}.` },
  } as const satisfies Record<string, Schema>
}

/** What a page looks like, under the name of what it lists. */
export function pageSchema(name: string, entry: Schema): Schema {
  const next: Schema = { type: ['string', 'null'], description: 'The `after` of the next page; null: none.' }
  return closed({ [name]: listOf(entry), next })
}

/** Reads no further than it has to. */
export async function pageOf<Entry>(
  list: AsyncIterable<Entry>,
  { limit }: Query,
  placeOf: (entry: Entry) => string,
): Promise<{ entries: Entry[]; next: string | null }> {
  const entries: Entry[] = []
  for await (const entry of list) {
    if (entries.length === limit) return { entries, next: placeOf(entries.at(-1)!) }
    entries.push(entry)
  }
  return { entries, next: null }
}
