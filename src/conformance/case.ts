/** A case: one sentence that says what a correct adapter does, and the steps that show it. */
import { byPosition } from './by-position.ts'
import { type Random, seeded } from './random.ts'
import { type Create, type Subject, withSubject } from './subject.ts'

/** What a case works with. */
export interface Bench extends Subject {
  readonly random: Random
}

export interface Case {
  /** What a correct adapter does, with the ids of the failures that it guards against. */
  readonly name: string
  /** Why the case says nothing about this storage; `undefined` when it does. */
  readonly unless?: (subject: Subject) => string | undefined
  readonly run: (bench: Bench) => Promise<void>
}

/** Runs one case on a storage of its own. Answers the reason when the case does not apply. */
export async function runCase(each: Case, create: Create, seed = 1): Promise<string | undefined> {
  return withSubject(byPosition(create), async (subject) => {
    const reason = each.unless?.(subject)
    if (reason !== undefined) return reason
    await each.run({ ...subject, random: seeded(seed) })
    return undefined
  })
}
