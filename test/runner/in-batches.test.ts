/** Entries of a source in batches: as many as come without waiting. */
import { describe, expect, test } from 'vitest'
import { inBatches } from '../../src/runner/in-batches.ts'

const soon = (callback: () => void) => void setImmediate(callback)

async function collect<T>(source: Iterable<T> | AsyncIterable<T>, size: number): Promise<T[][]> {
  const all: T[][] = []
  for await (const batch of inBatches(source, size, soon)) all.push(batch)
  return all
}

describe('a source in batches', () => {
  test('that is all there comes in full batches and a rest', async () => {
    expect(await collect([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]])
    expect(await collect(new Set([1, 2]), 2)).toEqual([[1, 2]])
    expect(await collect([], 2)).toEqual([])
  })

  test('that answers at once comes in full batches as well', async () => {
    async function* quick() {
      for (let index = 0; index < 1_000; index++) yield index
    }
    expect((await collect(quick(), 500)).map(({ length }) => length)).toEqual([500, 500])
  })

  test('that stops for a while gives what it gave before', async () => {
    let go = () => {}
    async function* slow() {
      yield 1
      yield 2
      await new Promise<void>((resolve) => {
        go = resolve
      })
      yield 3
    }
    const batches = inBatches(slow(), 100, soon)
    expect((await batches.next()).value).toEqual([1, 2])
    go()
    expect((await batches.next()).value).toEqual([3])
    expect((await batches.next()).done).toBe(true)
  })

  test('is told when nobody wants more, and its failure comes where it stands', async () => {
    let ended = false
    function* endless() {
      try {
        for (let index = 0; ; index++) yield index
      } finally {
        ended = true
      }
    }
    for await (const batch of inBatches(endless(), 3, soon)) {
      expect(batch).toEqual([0, 1, 2])
      break
    }
    expect(ended).toBe(true)

    async function* failing() {
      yield 1
      throw new Error('the source is gone')
    }
    await expect(collect(failing(), 10)).rejects.toThrow('the source is gone')
  })

  test('that is about to answer holds up nobody who reads no further', async () => {
    let isTold = false
    const never: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => {
        let count = 0
        return {
          next: () => (count++ === 0 ? Promise.resolve({ value: 1, done: false }) : new Promise(() => {})),
          return: () => {
            isTold = true
            return new Promise(() => {})
          },
        }
      },
    }
    for await (const batch of inBatches(never, 10, soon)) {
      expect(batch).toEqual([1])
      break
    }
    expect(isTold).toBe(true)
  })

  test('that has ended is not told that nobody wants more', async () => {
    let isTold = false
    const two: Iterable<number> = {
      [Symbol.iterator]: () => {
        let count = 0
        return {
          next: () => ({ value: count, done: ++count > 2 }) as IteratorResult<number>,
          return: () => {
            isTold = true
            return { value: undefined, done: true }
          },
        }
      },
    }
    expect(await collect(two, 10)).toEqual([[0, 1]])
    expect(isTold).toBe(false)
  })
})
