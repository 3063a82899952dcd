/** What the compiler makes of a handler in a file, and of retention. */
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { cleanup } from '../../src/cleanup/index.ts'
import { job, type Piecework, type TaskDefinition, type TaskInfo, task } from '../../src/index.ts'

declare const work: Piecework
const file = new URL('./encode.ts', import.meta.url)

interface Encode {
  default(context: { input: { path: string }; signal: AbortSignal }): Promise<{ bytes: number }>
}

describe('a handler in a file', () => {
  test('has the types of its module', async () => {
    const encode = task<Encode>('encode', { file, threads: 2, check: ({ result }) => (result?.bytes ?? 0) > 0 })
    expectTypeOf(encode).toEqualTypeOf<TaskDefinition<{ path: string }, { bytes: number }>>()
    const { id } = await work.add(encode, { path: 'a' })
    expectTypeOf(await work.get(id)).toEqualTypeOf<TaskInfo<{ path: string }, { bytes: number }> | undefined>()
    // @ts-expect-error a property is of the wrong kind
    void work.add(encode, { path: 1 })
    // @ts-expect-error the input is not there
    void work.add(encode)
  })

  test('or those that are written out', () => {
    expectTypeOf(task<string, number>('x', { file })).toEqualTypeOf<TaskDefinition<string, number>>()
    expectTypeOf(task<string>('x', { file })).toEqualTypeOf<TaskDefinition<string, unknown>>()
    expectTypeOf(task('x', { file })).toEqualTypeOf<TaskDefinition<unknown, unknown>>()
  })

  test('or that of its schema', () => {
    const schema = z.object({ path: z.string().default('a') })
    expectTypeOf(task('x', { file, input: schema })).toEqualTypeOf<
      TaskDefinition<{ path?: string | undefined }, unknown>
    >()
    expectTypeOf(task<typeof schema, number>('x', { file, input: schema })).toEqualTypeOf<
      TaskDefinition<{ path?: string | undefined }, number>
    >()
  })

  test('stands in the place of run', () => {
    // @ts-expect-error both
    task('x', { file, run: () => {} })
    // @ts-expect-error neither
    task('x', { threads: 2 })
    // @ts-expect-error its concurrency is that of its threads
    task('x', { file, concurrency: 2 })
    // @ts-expect-error a path is no URL
    task('x', { file: './encode.ts' })
  })
})

test('retention is one time, or one for each state', () => {
  task('x', { run: () => {}, retention: '7d' })
  job('x', { map: () => {}, retention: { completed: '1d', failed: 5 } })
  // @ts-expect-error no such state
  task('x', { run: () => {}, retention: { waiting: '1d' } })
  // @ts-expect-error no such unit
  task('x', { run: () => {}, retention: '7 days' })
})

test('a cleanup is scheduled and added as any task, without an input', async () => {
  const cleaning = cleanup({ folder: 'done' })
  await work.schedule(cleaning, cleaning.schedule)
  const { id } = await work.add(cleaning)
  expectTypeOf((await work.get(id))?.result?.keptIn).toEqualTypeOf<'files' | 'archive' | undefined>()
})
