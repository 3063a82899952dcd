/** What the race dispatches: two thousand items, and a consumer that writes down each beginning and end of its executions. */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../../src/conformance/random.ts'
import { fixed, type TaskContext, task } from '../../../src/index.ts'

export const id = 'race'
export const attribute = 'shop'
export const items = 2_000
export const values = 1_500
export const workers = 6

/** Each value at least once, the others again, in an order of the seed's. */
export function itemsOf(seed: number): { readonly shop: { readonly number: number } }[] {
  const random = seeded(seed)
  const numbers = Array.from({ length: items }, (_, index) => (index < values ? index : random.below(values)))
  return random.shuffled(numbers).map((number) => ({ shop: { number } }))
}

/** `+` when an execution begins and `-` when it ends; one that is killed leaves no end. */
export function consumerThat(log: string) {
  const note = (mark: '+' | '-', number: number) => appendFileSync(log, `${mark} ${process.pid} ${number}\n`)
  return task('consumer', {
    // One that is killed again and again is still none of the race's failures.
    retry: fixed({ maxAttempts: 1_000, delay: 0 }),
    maxCrashes: 1_000,
    run: async ({ input, fence }: TaskContext<{ readonly item: { readonly number: number } }>) => {
      note('+', input.item.number)
      await sleep(5 + (input.item.number % 10))
      note('-', input.item.number)
      return { number: input.item.number, fence }
    },
  })
}
