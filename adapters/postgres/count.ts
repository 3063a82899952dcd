/** Counts of rows, by name and state. */
import type { Count, CountBy } from '../../src/storage/index.ts'
import type { Names } from './names.ts'
import type { Run } from './session.ts'

export function counter({ row }: Names): (run: Run, by: CountBy) => Promise<Count> {
  const text = `select name, state, count(*) from (
      select name, state from ${row} where ($1::text is null or parent = $1::text)
      and ($2::text[] is null or name = any($2::text[])) and ($3::text[] is null or state = any($3::text[]))
      limit $4::bigint
    ) counted group by name, state`
  return async (run, by) => {
    const [parent, names] = 'parent' in by ? [by.parent, null] : [null, by.names ?? null]
    const groups = await run({ text, values: [parent, names, by.states ?? null, by.upTo] })
    const byName = new Map<string, [state: string, count: number][]>()
    let counted = 0
    for (const [name, state, count] of groups as [string, string, string][]) {
      const states = byName.get(name)
      if (states === undefined) byName.set(name, [[state, Number(count)]])
      else states.push([state, Number(count)])
      counted += Number(count)
    }
    // From entries, which makes fields of `__proto__` and `constructor` as of any other name.
    const counts = Object.fromEntries([...byName].map(([name, states]) => [name, Object.fromEntries(states)]))
    return { counts, capped: counted >= by.upTo }
  }
}
