/** All mutants. Whoever writes an adapter can wrap it in each of them and see that the own test run turns red. */
import { applyMutants } from './apply.ts'
import { unfencedMutants } from './apply-fence.ts'
import { aroundMutants } from './around.ts'
import { positionMutants } from './by-position.ts'
import { bytesMutants } from './bytes.ts'
import { claimMutants } from './claim.ts'
import { claimVeilMutants } from './claim-fields.ts'
import { orderMutants } from './claim-order.ts'
import { countMutants } from './count.ts'
import { doctorMutants } from './doctor.ts'
import { extendMutants } from './extend.ts'
import { findMutants } from './find.ts'
import { findClaimedMutants } from './find-claimed.ts'
import { findCurrentMutants } from './find-current.ts'
import { getMutants } from './get.ts'
import { insertMutants } from './insert.ts'
import { keyMutants } from './keys.ts'
import type { Mutant } from './mutant.ts'
import { ownWriteMutants } from './own-write.ts'

export type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  ...insertMutants,
  ...keyMutants,
  ...claimMutants,
  ...claimVeilMutants,
  ...orderMutants,
  ...extendMutants,
  ...applyMutants,
  ...unfencedMutants,
  ...ownWriteMutants,
  ...getMutants,
  ...findMutants,
  ...findClaimedMutants,
  ...findCurrentMutants,
  ...countMutants,
  ...doctorMutants,
  ...aroundMutants,
  ...bytesMutants,
  ...positionMutants,
]
