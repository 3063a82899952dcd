/** What the compiler says of dispatches. */
import { describe, expectTypeOf, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { type DispatchReport, piecework, type TaskContext, task } from '../../src/index.ts'

const plain = task('plain', { run: () => {} })
const ofItem = task('of-item', { run: (_: TaskContext<{ item: string }>) => {} })
const ofMore = task('of-more', { run: (_: TaskContext<{ item: string; source: string; deep?: boolean }>) => {} })
const work = piecework({ storage: memory(), definitions: [plain, ofItem, ofMore] })
const from = { items: [{ id: 1 }], attribute: 'id' }

describe('dispatch', () => {
  test('asks for the arguments that its consumer needs beside the item', () => {
    void work.dispatch({ ...from, to: plain })
    void work.dispatch({ ...from, to: plain, args: { anything: 1 } })
    void work.dispatch({ ...from, to: ofItem })
    void work.dispatch({ ...from, to: ofMore, args: { source: 'shop' } })
    // @ts-expect-error: `args` is missing.
    void work.dispatch({ ...from, to: ofMore })
    // @ts-expect-error: `source` is a string.
    void work.dispatch({ ...from, to: ofMore, args: { source: 1 } })
    // @ts-expect-error: `other` is unknown to the consumer.
    void work.dispatch({ ...from, to: ofMore, args: { source: 'shop', other: 1 } })
  })

  test('gives a job whose result is the report', async () => {
    const run = await work.dispatch({ ...from, to: ofItem })
    const { result } = await run.done()
    expectTypeOf(result).toEqualTypeOf<DispatchReport | undefined>()
  })
})
