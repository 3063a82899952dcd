/** A storage that counts what is asked of it: a proof of what a job costs that no busy machine can blur. */
import type { Storage } from '../../../src/storage/index.ts'

const verbs = ['insert', 'claim', 'extend', 'apply', 'get', 'find', 'count'] as const

/** How many calls, and how many rows were given or came back. */
export interface Cost {
  calls: number
  rows: number
}

export type Costs = Record<(typeof verbs)[number], Cost>

export function counted(storage: Storage): { storage: Storage; costs: Costs } {
  const costs = Object.fromEntries(verbs.map((verb) => [verb, { calls: 0, rows: 0 }])) as Costs
  const counting: Record<string, unknown> = { ...storage }
  for (const verb of verbs) {
    const call = storage[verb].bind(storage) as (...args: unknown[]) => unknown
    counting[verb] = (...args: unknown[]) => {
      const answer = call(...args)
      costs[verb].calls++
      costs[verb].rows += rowsOf(answer)
      return answer
    }
  }
  return { storage: counting as unknown as Storage, costs }
}

/** SQLite answers at once: nothing here is a promise. */
function rowsOf(answer: unknown): number {
  if (Array.isArray(answer)) return answer.length
  return (answer as { rows?: unknown[] }).rows?.length ?? 0
}

/** What was counted between two moments. */
export function between(before: Costs, after: Costs): Costs {
  const entries = verbs.map((verb): [string, Cost] => {
    const [from, to] = [before[verb], after[verb]]
    return [verb, { calls: to.calls - from.calls, rows: to.rows - from.rows }]
  })
  return Object.fromEntries(entries) as Costs
}
