/** A schema: bad input is refused when it is added, good input is transformed for the handler, old input fails at once. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { task } from '../../../src/index.ts'
import { kit, rejection, rowsIn } from './kit.ts'

const file = z.object({ file: z.string().min(1), size: z.coerce.number().default(3), at: z.iso.date().optional() })
const seen: unknown[] = []
const resize = task('resize', { input: file, run: ({ input }) => void seen.push(input) })

test('input that does not pass is refused with what is wrong where, and nothing is stored', async () => {
  const { work, storage } = kit([resize])
  const bad = { file: '', size: 'many', at: 'tomorrow' }
  const error = await rejection(work.add([resize.with({ file: 'a' }), resize.with(bad)]))
  expect(error).toBeInstanceOf(TypeError)
  expect(error.message).toMatch(/^Expected `input` to fit the schema of "resize": file: .+; size: .+; at: .+/)
  const none = await rejection(work.add(resize, undefined as unknown as { file: string }))
  expect(none.message).toMatch(/schema of "resize": .*undefined/)
  expect(await rowsIn(storage)).toBe(0)
})

test('the input is stored as it was given and transformed for the handler', async () => {
  const { work } = kit([resize])
  seen.length = 0
  const { id } = await work.add(resize, { file: 'a.png', size: '7' })
  await work.add(resize, { file: 'b.png' })
  await work.drain()
  expect(seen).toEqual([
    { file: 'a.png', size: 7 },
    { file: 'b.png', size: 3 },
  ])
  expect((await work.get(id))?.input).toEqual({ file: 'a.png', size: '7' })
})

test('PL-12 stored input that no longer passes fails its task at once, saying so, and its handler is not run', async () => {
  const { work: old, storage, clock } = kit([resize])
  const { id } = await old.add(resize, { file: 'a.png' })
  let runs = 0
  const stricter = task('resize', { input: z.object({ path: z.string() }), run: () => void runs++ })
  const { work } = kit([stricter], { storage, clock })
  expect(await work.drain()).toBe(1)
  const info = await work.get(id)
  expect(info).toMatchObject({ state: 'failed', reason: 'invalid_input', attempts: 1 })
  expect(info?.errors[0]?.message).toMatch(/^The stored input does not pass the schema: path: /)
  expect(runs).toBe(0)
  expect(await work.explain(id)).toContain('what was stored does not fit the definition')
})

test('a schema that throws fails the add, and at run counts as a failed attempt that is retried', async () => {
  let broken = true
  const moody = z.unknown().transform((value) => {
    if (broken) throw new Error('the schema is broken')
    return value
  })
  const odd = task('odd', { input: moody, run: () => 'done' })
  const { work, storage, clock } = kit([odd])
  expect((await rejection(work.add(odd, 1))).message).toBe('the schema is broken')
  expect(await rowsIn(storage)).toBe(0)
  broken = false
  const { id } = await work.add(odd, 1)
  broken = true
  await work.drain()
  expect(await work.get(id)).toMatchObject({ state: 'waiting', attempts: 1, errors: [{ name: 'Error' }] })
  broken = false
  await clock.tick('10s')
  await work.drain()
  expect(await work.get(id)).toMatchObject({ state: 'completed', result: 'done' })
})

test('PL-10 each attempt has a fresh input, with a schema and without', async () => {
  const inputs: unknown[] = []
  const run = ({ input, attempt }: { input: { list: number[] }; attempt: number }) => {
    inputs.push(structuredClone(input))
    input.list.push(attempt)
    if (attempt === 1) throw new Error('again')
  }
  const checked = task('checked', { input: z.object({ list: z.array(z.number()) }), run })
  const plain = task('plain', { run })
  const { work, clock } = kit([checked, plain])
  const { id } = await work.add(checked, { list: [] })
  await work.add(plain, { list: [] })
  await work.drain()
  await clock.tick('10s')
  await work.drain()
  expect(inputs).toEqual(Array(4).fill({ list: [] }))
  expect((await work.get(id))?.input).toEqual({ list: [] })
})
