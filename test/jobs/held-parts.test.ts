/** Which held part is next: a look goes on where the last one ended, so that a job costs as many steps as it has parts. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { job, piecework } from '../../src/index.ts'
import { HeldParts } from '../../src/runner/jobs/held-parts.ts'
import type { Row } from '../../src/storage/index.ts'
import { rowOf } from '../runner/kit.ts'

const nothing = job('nothing', { map: () => {} })

test('held parts come in their order, each look behind the last one, and what was left behind at the end', async () => {
  const storage = memory()
  const work = piecework({ storage, definitions: [nothing] })
  await work.run(nothing, [0, 1, 2, 3, 4, 5, 6], { id: 'j', workers: 2 })
  const looks: (string | undefined)[] = []
  const held = new HeldParts({
    ...storage,
    find(by, limit) {
      if ('parent' in by) looks.push(by.after)
      return storage.find(by, limit)
    },
  })
  const row = await rowOf(storage, 'j')
  const next = async (count: number) => (await held.next(row, count)).map(({ id }) => Number(id.slice(2)))
  expect(await next(2)).toEqual([2, 3])
  expect(await next(2)).toEqual([4, 5])
  // 0 and 1 have slots of their own. Nobody released 2 to 5: whoever should have done so may have died.
  expect(await next(2)).toEqual([6, 2])
  expect(await next(9)).toEqual([3, 4, 5, 6, 2])
  expect(looks).toEqual(['', 'j/00000003', 'j/00000005', '', 'j/00000002', ''])
})

test('in another run of the job the looks begin anew, and parts that were held in the one before are no heirs', async () => {
  const storage = memory()
  const work = piecework({ storage, definitions: [nothing] })
  await work.run(nothing, [0, 1, 2, 3], { id: 'j', workers: 1 })
  const held = new HeldParts(storage)
  const row = await rowOf(storage, 'j')
  expect((await held.next(row, 3)).map(({ id }) => id)).toEqual(['j/00000001', 'j/00000002', 'j/00000003'])
  const inRunTwo = (one: Row): Row => ({ ...one, memo: one.memo.replace('"run":1', '"run":2') })
  const another = inRunTwo(row)
  expect(another.memo).not.toBe(row.memo)
  const part = await rowOf(storage, 'j/00000002')
  storage.apply([{ row: part, next: { ...inRunTwo(part), keepKey: false } }])
  expect((await held.next(another, 2)).map(({ id }) => id)).toEqual(['j/00000002'])
})
