/** What `job` and `run` refuse at the door, leaving nothing behind. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { memory } from '../../adapters/memory/index.ts'
import { job, piecework } from '../../src/index.ts'

const quiet = { info() {}, warn() {}, error() {} }
const pages = job('pages', { part: z.object({ page: z.number() }), map: () => {} })
const any = job('any', { map: () => {} })

function instance() {
  const storage = memory()
  return { storage, work: piecework({ storage, definitions: [pages, any], logger: quiet }) }
}

test.each<[string, () => unknown, string]>([
  ['a name that is none', () => job('', { map: () => {} }), 'Expected `name`'],
  ['nothing to do', () => job('none', {}), 'Expected at least one of `map`, `reduce` and `announce`'],
  ['a map that is no function', () => job('m', { map: 5 as never }), 'Expected `map`'],
  ['an option that is not known', () => job('m', { map: () => {}, mpa: 1 } as never), 'mpa'],
  ['failOn of something else', () => job('m', { map: () => {}, failOn: [String] as never }), 'Expected `failOn[0]`'],
  ['a threshold of one part and a half', () => job('m', { map: () => {}, threshold: 1.5 }), 'Expected `threshold`'],
  ['a threshold below none', () => job('m', { map: () => {}, threshold: -1 }), 'Expected `threshold`'],
  ['no concurrency', () => job('m', { map: () => {}, concurrency: 0 }), 'Expected `concurrency`'],
])('a job is refused with %s', (_, define, message) => {
  expect(define).toThrow(message)
})

test.each<[string, (work: ReturnType<typeof instance>['work']) => Promise<unknown>, string]>([
  ['parts that are no list', (work) => work.run(any, 5 as never), 'Expected `parts`'],
  ['a text as parts', (work) => work.run(any, 'abc' as never), 'Expected `parts`'],
  ['a part that JSON does not keep', (work) => work.run(any, [1, { at: new Date() }]), '$.at'],
  ['a part that does not fit the schema', (work) => work.run(pages, [{ page: 1 }, { page: 'x' }] as never), 'parts[1]'],
  ['a part over a row', (work) => work.run(any, ['x'.repeat(20_000_000)]), 'Expected `parts[0]` to take at most'],
  ['metadata over a row', (work) => work.run(any, [], { metadata: 'x'.repeat(20_000_000) }), 'Expected `metadata`'],
  ['metadata that JSON does not keep', (work) => work.run(any, [], { metadata: 1n }), 'bigint'],
  ['no workers', (work) => work.run(any, [], { workers: 0 }), 'Expected `workers`'],
  ['an id with a slash', (work) => work.run(any, [], { id: 'a/b' }), 'Expected `id`'],
  ['a priority of ten', (work) => work.run(any, [], { priority: 10 }), 'Expected `priority`'],
  ['an option that is not known', (work) => work.run(any, [], { worker: 1 } as never), 'worker'],
  ['a job that it was not given', (work) => work.run(job('other', { map: () => {} }), []), 'Expected `job`'],
])('run refuses %s, and stores nothing', async (_, run, message) => {
  const { work, storage } = instance()
  await expect(run(work)).rejects.toThrow(message)
  await expect(run(work)).rejects.toBeInstanceOf(TypeError)
  expect(await storage.count({ states: ['open', 'mapping', 'waiting', 'held'], upTo: 10 })).toMatchObject({
    counts: {},
  })
})

test('run refuses the id of a task, and of a job of another definition', async () => {
  const { work } = instance()
  await work.run(any, [], { id: 'any-job' })
  await expect(work.run(pages, [], { id: 'any-job' })).rejects.toThrow('Expected `id` to be free')
})
