/** Counts of rows, by name and state. */
import type { Count, CountBy } from '../../src/storage/index.ts'
import type { Call } from './call.ts'

interface Group {
  readonly _id: { readonly name: string; readonly state: string }
  readonly count: number
}

export async function count(call: Call, by: CountBy): Promise<Count> {
  const owner = 'parent' in by ? { parent: { $eq: by.parent } } : by.names && { name: { $in: by.names } }
  const states = by.states && { state: { $in: by.states } }
  const pipeline = [
    { $match: { ...owner, ...states } },
    { $limit: by.upTo },
    { $group: { _id: { name: '$name', state: '$state' }, count: { $sum: 1 } } },
  ]
  const groups = await all(call, pipeline)
  const byName = new Map<string, [state: string, count: number][]>()
  let counted = 0
  for (const { _id, count } of groups) {
    const found = byName.get(_id.name)
    if (found === undefined) byName.set(_id.name, [[_id.state, count]])
    else found.push([_id.state, count])
    counted += count
  }
  // From entries, which makes fields of `__proto__` and `constructor` as of any other name.
  const counts = Object.fromEntries([...byName].map(([name, found]) => [name, Object.fromEntries(found)]))
  return { counts, capped: counted >= by.upTo }
}

/** One answer holds 16 MB, which is more than twenty thousand names. */
async function all(call: Call, pipeline: object[]): Promise<Group[]> {
  const cursor = { batchSize: 1_000_000 }
  const reply = await call.read({ aggregate: call.names.row, pipeline, cursor })
  return reply.cursor.firstBatch
}
