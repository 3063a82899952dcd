/** What the dispatches of a model are given, and what each execution of each value does: written down beforehand. */
import { isDeepStrictEqual } from 'node:util'

/** What one execution does. `crash` takes its process with it. */
export type Step = 'good' | 'bad' | 'fatal' | 'crash'

export interface ValuePlan {
  /** Execution by execution; what comes after is the last one again, and good where there is none. */
  readonly course: readonly Step[]
  readonly tookMs: number
}

/** An item: the number of its value, or what is no value. `again`: the same value, its keys in another order. */
export type ItemPlan = number | { readonly again: number } | 'missing' | 'null' | 'no object' | 'no JSON'

export interface DispatchPlan {
  readonly items: readonly ItemPlan[]
  readonly workers: number
  readonly begin: boolean
  /** Items come one by one, so many milliseconds apart; `null`: all at once, in an array. */
  readonly gapMs: number | null
}

/** Falsy ones count (D10), and equal ones are one value whatever the order of their keys. */
export const values: readonly unknown[] = [
  7,
  'b',
  { x: 1, y: { p: [1, 2], q: null } },
  [3, 'c'],
  false,
  0,
  '',
  { y: { q: null, p: [2, 1] }, x: 1 },
  'null',
  '7',
]

export function itemOf(plan: ItemPlan): unknown {
  if (typeof plan === 'number') return { more: plan, id: values[plan] }
  if (typeof plan === 'object') return { id: shuffled(values[plan.again]) }
  return { missing: { name: 'none' }, null: { id: null }, 'no object': 5, 'no JSON': { id: () => {} } }[plan]
}

/** Which value it is; `undefined` for an item that is refused. */
export function numberOfItem(plan: ItemPlan): number | undefined {
  if (typeof plan === 'string') return undefined
  return typeof plan === 'number' ? plan : plan.again
}

/** Which value a consumer was given. */
export function numberOf(value: unknown): number {
  return values.findIndex((one) => isDeepStrictEqual(one, value))
}

export function stepOf({ course }: ValuePlan, executions: number): Step {
  return course[executions] ?? course.at(-1) ?? 'good'
}

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, one]) => [key, shuffled(one)])
  return Object.fromEntries(entries.reverse())
}
