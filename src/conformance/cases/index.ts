/** All cases, in the order in which a new adapter should be made to pass them. */
import type { Case } from '../case.ts'
import { applyCases } from './apply.ts'
import { batchesCases } from './batches.ts'
import { bytesCases } from './bytes.ts'
import { claimCases } from './claim.ts'
import { claimOrderCases } from './claim-order.ts'
import { closeCases } from './close.ts'
import { concurrencyCases } from './concurrency.ts'
import { countCases } from './count.ts'
import { extendCases } from './extend.ts'
import { getFindCases } from './get-find.ts'
import { insertCases } from './insert.ts'
import { ownWriteCases } from './own-write.ts'
import { revRestartCases } from './rev-restart.ts'
import { timeCases } from './time.ts'
import { traitsCases } from './traits.ts'
import { watchCases } from './watch.ts'

const groups: Readonly<Record<string, readonly Case[]>> = {
  traits: traitsCases,
  insert: insertCases,
  claim: claimCases,
  'claim order': claimOrderCases,
  extend: extendCases,
  apply: applyCases,
  'own write': ownWriteCases,
  'rev restart': revRestartCases,
  'get and find': getFindCases,
  count: countCases,
  bytes: bytesCases,
  batches: batchesCases,
  time: timeCases,
  concurrency: concurrencyCases,
  watch: watchCases,
  close: closeCases,
}

/** Each name begins with its group, so that a runner's filter can pick one: `claim - LZ-10 a row is due exactly when ...`. */
export const cases: readonly Case[] = Object.entries(groups).flatMap(([group, members]) =>
  members.map((each) => ({ ...each, name: `${group} - ${each.name}` })),
)
