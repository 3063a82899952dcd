/** The methods of the contract over a way to run statements: the storage's own, or inside the app's transaction. */
import type { Storage } from '../../src/storage/index.ts'
import { applier, extender } from './apply.ts'
import { claimer } from './claim.ts'
import { counter } from './count.ts'
import { finder, rowGetter } from './find.ts'
import { inserter } from './insert.ts'
import type { Names } from './names.ts'
import { earliestOf, type Notify } from './notify.ts'
import { asOneCall, type Run } from './session.ts'

type Verb = 'insert' | 'claim' | 'extend' | 'apply' | 'get' | 'find' | 'count' | 'now'

/** The contract but for what belongs to the whole storage. Postgres is behind a network, so every answer is a promise. */
export type Methods = {
  [V in Verb]: (...args: Parameters<Required<Storage>[V]>) => Promise<Awaited<ReturnType<Required<Storage>[V]>>>
}

/** Whole milliseconds of the server's clock as it is now, not as it was when a transaction began. */
export const NOW = 'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint'

/** Writes the statements once, and then binds them to one session after another. */
export function methodsFor(names: Names): (run: Run, notify: Notify) => Methods {
  const get = rowGetter(names)
  const insert = inserter(names)
  const claim = claimer(names)
  const apply = applier(names, get)
  const extend = extender(names)
  const find = finder(names)
  const count = counter(names)

  return (run, notify) => ({
    async insert(rows) {
      if (rows.length === 0) return []
      const results = await insert(asOneCall(run), rows)
      await notify(earliestOf(rows.map(({ wakeAt }, at) => (results[at] === 'inserted' ? wakeAt : null))))
      return results
    },
    claim: (request) => claim(run, request),
    extend: async (rows, until) => (rows.length === 0 ? [] : extend(run, rows, until)),
    async apply(changes) {
      if (changes.length === 0) return []
      const results = await apply(asOneCall(run), changes)
      await notify(
        earliestOf(changes.map(({ next }, at) => (results[at] === 'applied' ? (next?.wakeAt ?? null) : null))),
      )
      return results
    },
    get: async (ids) => (ids.length === 0 ? [] : get(run, ids)),
    find: (by, limit) => find(run, by, limit),
    count: (by) => count(run, by),
    async now() {
      const [answer] = await run({ text: NOW, values: [] })
      return { now: Number(answer?.[0]), error: 0 }
    },
  })
}
