/** The verbs of the contract, each one call over the database: on its own, or inside the app's transaction. */
import type { Storage } from '../../src/storage/index.ts'
import { applier, extend } from './apply.ts'
import type { Run } from './call.ts'
import { claimer } from './claim.ts'
import { count } from './count.ts'
import { find, get } from './find.ts'
import { insert } from './insert.ts'
import { serverTime } from './now.ts'

/** The contract but for what belongs to the whole storage. */
export type Methods = Pick<
  Required<Storage>,
  'insert' | 'claim' | 'extend' | 'apply' | 'get' | 'find' | 'count' | 'now'
>

export function methodsFor(newWrite: () => string): (run: Run) => Methods {
  const claim = claimer(newWrite)
  const apply = applier(newWrite)

  return (run) => ({
    insert: (rows) => run(async (call) => (rows.length === 0 ? [] : insert(call, rows))),
    claim: (request) => run((call) => claim(call, request)),
    extend: (rows, until) => run((call) => extend(call, rows, until)),
    apply: (changes) => run((call) => apply(call, changes)),
    get: (ids) => run(async (call) => (ids.length === 0 ? [] : get(call, ids))),
    find: (by, limit) => run((call) => find(call, by, limit)),
    count: (by) => run((call) => count(call, by)),
    now: () => run(async (call) => ({ now: await serverTime(call), error: 0 })),
  })
}
