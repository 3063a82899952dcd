/** A storage that fails as a real one does: before a call took effect, after it did, or never answering. */
import type { Storage } from '../storage/storage.ts'

/** The verbs that a fault can strike. */
export type Verb = 'insert' | 'claim' | 'extend' | 'apply' | 'get' | 'find' | 'count'

/**
 * - `before`: throws, and nothing was done.
 * - `after`: it was done, and the answer is lost: throws.
 * - `hang`: it was done, and no answer ever comes. No storage may do that, and whoever called waits for ever: let every
 *   call hang from some point on to play a process that died, and go on with a new instance on the inner storage.
 * - `pass`: nothing happens to this call.
 */
export type Fault = 'before' | 'after' | 'hang' | 'pass'

/** Decides for each call. `call` counts the calls of this verb from 1. */
export type FaultPlan = (verb: Verb, call: number) => Fault

const verbs: readonly Verb[] = ['insert', 'claim', 'extend', 'apply', 'get', 'find', 'count']

/** Wraps a storage so that calls fail as the plan says. The error is a plain Error: outcome unknown. */
export function faulty(storage: Storage, plan: FaultPlan): Storage {
  const calls = new Map<Verb, number>()
  const wrapped: Record<string, unknown> = {}
  for (const verb of verbs) {
    const call = storage[verb].bind(storage) as (...args: unknown[]) => unknown
    wrapped[verb] = async (...args: unknown[]) => {
      const count = (calls.get(verb) ?? 0) + 1
      calls.set(verb, count)
      const fault = plan(verb, count)
      if (fault === 'before') throw new Error(`faulty: ${verb} number ${count} failed before it was done`)
      const answer = await call(...args)
      if (fault === 'after') throw new Error(`faulty: the answer of ${verb} number ${count} was lost`)
      if (fault === 'hang') await new Promise(() => {})
      return answer
    }
  }
  return Object.assign(Object.create(storage) as Storage, wrapped)
}
