/** All cases, in the order in which a new adapter should be made to pass them. */
import type { Case } from '../case.ts'
import { applyCases } from './apply.ts'
import { applyFenceCases } from './apply-fence.ts'
import { batchesCases } from './batches.ts'
import { bytesCases } from './bytes.ts'
import { claimCases } from './claim.ts'
import { claimLimitCases } from './claim-limits.ts'
import { claimOrderCases } from './claim-order.ts'
import { closeCases } from './close.ts'
import { concurrencyCases } from './concurrency.ts'
import { concurrentInsertCases } from './concurrent-inserts.ts'
import { countCases } from './count.ts'
import { doctorCases } from './doctor.ts'
import { extendCases } from './extend.ts'
import { extendFenceCases } from './extend-fence.ts'
import { findClaimedCases } from './find-claimed.ts'
import { findCurrentCases } from './find-current.ts'
import { findListCases } from './find-list.ts'
import { findParentCases } from './find-parent.ts'
import { getCases } from './get.ts'
import { insertCases } from './insert.ts'
import { insertBatchCases } from './insert-batch.ts'
import { ownWriteCases } from './own-write.ts'
import { removalCases } from './removal.ts'
import { revRestartCases } from './rev-restart.ts'
import { timeCases } from './time.ts'
import { traitsCases } from './traits.ts'
import { watchCases } from './watch.ts'

const groups: Readonly<Record<string, readonly Case[]>> = {
  traits: traitsCases,
  insert: [...insertCases, ...insertBatchCases],
  claim: [...claimCases, ...claimLimitCases],
  'claim order': claimOrderCases,
  extend: [...extendCases, ...extendFenceCases],
  apply: [...applyCases, ...applyFenceCases, ...removalCases],
  'own write': ownWriteCases,
  'rev restart': revRestartCases,
  get: getCases,
  find: [...findParentCases, ...findListCases, ...findClaimedCases, ...findCurrentCases],
  count: countCases,
  bytes: bytesCases,
  batches: batchesCases,
  time: timeCases,
  concurrency: [...concurrentInsertCases, ...concurrencyCases],
  watch: watchCases,
  doctor: doctorCases,
  close: closeCases,
}

/** Each name begins with its group, so that a runner's filter can pick one: `claim - LZ-10 a row is due exactly when ...`. */
export const cases: readonly Case[] = Object.entries(groups).flatMap(([group, members]) =>
  members.map((each) => ({ ...each, name: `${group} - ${each.name}` })),
)
