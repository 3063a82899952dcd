/** All mutants. Whoever writes an adapter can wrap it in each of them and see that the own test run turns red. */
import { applyMutants } from './apply.ts'
import { bytesMutants } from './bytes.ts'
import { claimMutants } from './claim.ts'
import { extendMutants } from './extend.ts'
import { insertMutants } from './insert.ts'
import type { Mutant } from './mutant.ts'
import { readMutants } from './read.ts'

export type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  ...insertMutants,
  ...claimMutants,
  ...extendMutants,
  ...applyMutants,
  ...readMutants,
  ...bytesMutants,
]
