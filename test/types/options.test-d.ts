/** Options of a definition and of an instance: what the compiler infers in any order, and what it does not let pass. */
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  exponential,
  fixed,
  itemsCheck,
  type Outcome,
  type PieceworkOptions,
  piecework,
  type RetryPolicy,
  type Storage,
  type SuccessCheck,
  type TaskDefinition,
  task,
} from '../../src/index.ts'

declare const storage: Storage

describe('task', () => {
  test('options may stand in any order', () => {
    const checkFirst = task('check-first', {
      check: ({ result }) => {
        expectTypeOf(result).toEqualTypeOf<{ bytes: number } | undefined>()
        return result?.bytes !== 0
      },
      timeout: '30s',
      run: async ({ input }: { input: string }) => ({ bytes: input.length }),
    })
    expectTypeOf(checkFirst).toEqualTypeOf<TaskDefinition<string, { bytes: number }>>()
    const inputLast = task('input-last', {
      run: ({ input }) => {
        expectTypeOf(input).toEqualTypeOf<{ n: number }>()
        return input.n
      },
      check: ({ result }) => result !== 0,
      input: z.object({ n: z.number() }),
    })
    expectTypeOf(inputLast).toEqualTypeOf<TaskDefinition<{ n: number }, number>>()
  })

  test('takes the checks and policies of the library, and ones of the user', () => {
    task('a', { retry: exponential({ maxAttempts: 6 }), check: itemsCheck({ minimumExpectedItems: 5 }), run: () => 1 })
    task('b', { retry: ({ attempt }) => (attempt < 5 ? '10s' : 'stop'), check: async () => true, run: () => 1 })
    task('c', { check: ({ itemCount }) => ({ good: itemCount > 0, reason: 'nothing' }), run: async () => 'x' })
    expectTypeOf(fixed).returns.toEqualTypeOf<RetryPolicy>()
    expectTypeOf(itemsCheck()).toEqualTypeOf<SuccessCheck>()
    expectTypeOf<SuccessCheck<number>>().parameter(0).toEqualTypeOf<Outcome<number>>()
  })

  test('what cannot be does not compile', () => {
    // @ts-expect-error there is nothing to run
    task('a', { retry: fixed() })
    // @ts-expect-error a misspelt option
    task('a', { run: () => 1, maxAttempts: 3 })
    // @ts-expect-error a policy is a function
    task('a', { run: () => 1, retry: { maxAttempts: 3 } })
    // @ts-expect-error a misspelt option of a policy
    task('a', { run: () => 1, retry: fixed({ attempts: 3 }) })
    // @ts-expect-error no such unit
    task('a', { run: () => 1, timeout: '5 years' })
    // @ts-expect-error a check answers whether it was good
    task('a', { run: () => 1, check: () => 'yes' })
    // @ts-expect-error no Standard Schema
    task('a', { run: () => 1, input: { type: 'object' } })
    // @ts-expect-error the handler wants another input than the schema makes
    task('a', { input: z.string(), run: ({ input }: { input: number }) => input })
  })
})

describe('piecework', () => {
  test('takes definitions of all kinds side by side', () => {
    const one = task('one', { input: z.object({ a: z.string() }), run: ({ input }) => input.a })
    const two = task('two', { run: async (_: { input: number }) => {} })
    const three = task('three', { run: () => {} })
    piecework({ storage, definitions: [one, two, three] })
    expectTypeOf([one, two, three]).toExtend<PieceworkOptions['definitions']>()
    // @ts-expect-error no storage
    piecework({ definitions: [one] })
    // @ts-expect-error a name is no definition
    piecework({ storage, definitions: ['one'] })
  })
})
