/** What the compiler infers from `task(name, options)`, and what it does not let pass. */
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { type Id, type Piecework, type TaskInfo, task } from '../../src/index.ts'

declare const work: Piecework

describe('with a schema', () => {
  const schema = z.object({
    file: z.string(),
    width: z.number().default(100),
    at: z.string().transform((text) => text.length),
    count: z.coerce.number(),
  })
  const resize = task('resize', {
    input: schema,
    run: ({ input }) => {
      expectTypeOf(input).toEqualTypeOf<{ file: string; width: number; at: number; count: number }>()
      return { bytes: input.width }
    },
    check: (outcome) => {
      expectTypeOf(outcome.result).toEqualTypeOf<{ bytes: number } | undefined>()
      return outcome.errorCount === 0
    },
    onComplete: ({ input, result }) => {
      expectTypeOf(input).toEqualTypeOf<{ file: string; width: number; at: number; count: number }>()
      expectTypeOf(result).toEqualTypeOf<{ bytes: number }>()
    },
  })
  type Given = z.input<typeof schema>

  test('add takes what the schema takes, and get finds the result', async () => {
    const { id } = await work.add(resize, { file: 'a', at: 'now', count: '5' }, { delay: '5m', priority: 2 })
    expectTypeOf(id).toEqualTypeOf<Id<Given, { bytes: number }>>()
    expectTypeOf(id).toExtend<string>()
    expectTypeOf(await work.get(id)).toEqualTypeOf<TaskInfo<Given, { bytes: number }> | undefined>()
  })

  test('wrong input does not compile', () => {
    // @ts-expect-error the input is not there
    void work.add(resize)
    // @ts-expect-error a property is missing
    void work.add(resize, { file: 'a', count: 1 })
    // @ts-expect-error a property is of the wrong kind
    void work.add(resize, { file: 5, at: 'now', count: 1 })
    // @ts-expect-error the input is what the schema takes, not what it makes
    void work.add(resize, { file: 'a', at: 3, count: 1 })
    // @ts-expect-error a misspelt option
    void work.add(resize, { file: 'a', at: 'now', count: 1 }, { dely: '5m' })
    // @ts-expect-error no such unit
    void work.add(resize, { file: 'a', at: 'now', count: 1 }, { delay: '5 minutes' })
  })

  test('with takes the same, and a batch takes different definitions', async () => {
    const plain = task('plain', { run: (_: { input: { n: number } }) => 1 })
    const entry = resize.with({ file: 'a', at: 'now', count: null }, { key: 'a' })
    expectTypeOf(entry.input).toEqualTypeOf<Given>()
    // @ts-expect-error a property is missing
    resize.with({ file: 'a' })
    // @ts-expect-error the input is not there
    resize.with()
    const added = await work.add([entry, plain.with({ n: 1 })])
    expectTypeOf(added).toExtend<readonly { id: string; status: 'added' | 'duplicate' }[]>()
    // @ts-expect-error in a batch the options stand with each task
    void work.add([entry], { delay: 5 })
  })

  test('an input that may be undefined may be left out', () => {
    const maybe = task('maybe', { input: z.string().optional(), run: ({ input }) => input?.length ?? 0 })
    void work.add(maybe)
    void work.add(maybe, 'x', { hold: true })
    maybe.with()
    // @ts-expect-error of the wrong kind
    void work.add(maybe, 5)
  })
})

describe('with an annotated handler', () => {
  interface File {
    readonly path: string
  }
  const parse = task('parse', {
    run: async ({ input, attempt }: { input: File; attempt: number }) => [input.path, attempt] as const,
  })

  test('the input is that of the parameter and the result that of the promise', async () => {
    const { id } = await work.add(parse, { path: 'a' })
    expectTypeOf(id).toEqualTypeOf<Id<File, readonly [string, number]>>()
    const found = await work.get(id)
    expectTypeOf(found?.input).toEqualTypeOf<File | undefined>()
    expectTypeOf(found?.result).toEqualTypeOf<readonly [string, number] | undefined>()
    // @ts-expect-error of the wrong kind
    void work.add(parse, { path: 5 })
    // @ts-expect-error the input is not there
    void work.add(parse)
  })

  test('a result that nobody returns is void', async () => {
    const silent = task('silent', { run: async (_: { input: string }) => {} })
    const { id } = await work.add(silent, 'x')
    expectTypeOf(id).toEqualTypeOf<Id<string, void>>()
  })
})

describe('with neither', () => {
  const anything = task('anything', { run: ({ input }) => typeof input })

  test('any input is taken, or none, and the handler knows nothing of it', async () => {
    task('unknown', { run: ({ input }) => expectTypeOf(input).toEqualTypeOf<unknown>() })
    void work.add(anything)
    const { id } = await work.add(anything, { at: 5 }, { key: 'k' })
    expectTypeOf((await work.get(id))?.input).toEqualTypeOf<unknown>()
    expectTypeOf((await work.get(id))?.result).toEqualTypeOf<
      'string' | 'number' | 'bigint' | 'boolean' | 'symbol' | 'undefined' | 'object' | 'function' | undefined
    >()
  })

  test('an id that is plain text finds a task of unknown input and result', async () => {
    const found = await work.get('some id')
    expectTypeOf(found).toEqualTypeOf<TaskInfo<unknown, unknown> | undefined>()
  })
})
