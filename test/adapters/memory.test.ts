/** What the memory storage does beyond the contract that the conformance suite holds it to. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import type { Row } from '../../src/storage/index.ts'
import { aRow, completed, NOON, wanting } from './fixtures/rows.ts'

/** Numbers that look random and are the same in each run. */
function* scattered(count: number): Generator<number> {
  for (let at = 1, number = 1; at <= count; at++) {
    number = (number * 48_271) % 2_147_483_647
    yield number
  }
}

describe('rows', () => {
  test('PL-10 a row that the caller changes is another one than the stored row', () => {
    const storage = memory()
    const given = aRow('a')
    storage.insert([given])
    const [claimed] = storage.claim(wanting('resize', 1))
    for (const row of [given, claimed, storage.get(['a'])[0]]) Object.assign(row as object, { memo: 'changed', rev: 1 })
    expect(storage.get(['a'])).toEqual([{ ...aRow('a'), state: 'running', rev: NOON + 1, tries: 1, ...held }])
  })

  test('PL-10 a row that was handed out stays as it was when the stored row changes', () => {
    const storage = memory()
    storage.insert([aRow('a')])
    const before = storage.get(['a'])[0] as Row
    const [claimed] = storage.claim(wanting('resize', 1)) as [Row]
    storage.apply([completed(claimed)])
    expect(before).toEqual(aRow('a'))
    expect(claimed.state).toBe('running')
  })

  const held = { holder: 'worker#1', wakeAt: NOON + 30_000 }
})

describe('claim', () => {
  test('hands out 3,000 scattered rows of three names in the order of the contract, whatever was moved and removed', () => {
    const storage = memory()
    const rows = [...scattered(3000)].map((number, at) =>
      aRow(`task-${number}`, {
        name: `name-${number % 3}`,
        priority: number % 4,
        wakeAt: NOON - (number % 50),
        tries: at % 2,
      }),
    )
    storage.insert(rows)
    const [moved, removed, rest] = [rows.slice(0, 500), rows.slice(500, 1000), rows.slice(1000)]
    storage.extend(moved, NOON - 100)
    storage.apply(removed.map((row) => ({ row, next: null })))
    const expected = [...moved.map((row) => ({ ...row, wakeAt: NOON - 100 })), ...rest].sort(inClaimOrder)

    const wants = [0, 1, 2].map((number) => ({ name: `name-${number}`, limit: 1000 }))
    const claimed: string[] = []
    for (let batch = 1; claimed.length < expected.length; batch++) {
      const request = { wants, limit: 70, holder: `worker#${batch}`, now: NOON, until: NOON + 30_000 }
      claimed.push(...storage.claim(request).map(({ id }) => id))
    }
    expect(claimed).toEqual(expected.map(({ id }) => id))
  })

  function inClaimOrder(a: Row, b: Row): number {
    return a.priority - b.priority || Number(a.wakeAt) - Number(b.wakeAt) || a.tries - b.tries || (a.id < b.id ? -1 : 1)
  }
})

describe('find', () => {
  test('pages through the children of a parent in order, though they came in any order and many went', () => {
    const storage = memory()
    const ids = [...scattered(2000)].map((number) => `job/${String(number).padStart(10, '0')}`)
    const parts = ids.map((id) => aRow(id, { parent: 'job', wakeAt: null }))
    storage.insert(parts)
    storage.apply(parts.slice(0, 1500).map((row) => ({ row, next: null })))
    // An id that comes back takes its seat again.
    storage.insert(parts.slice(0, 10))

    const found: string[] = []
    let after: string | null = ''
    while (after !== null) {
      const page = storage.find({ parent: 'job', after }, 100)
      found.push(...page.rows.map(({ id }) => id))
      after = page.after
    }
    expect(found).toEqual([...ids.slice(0, 10), ...ids.slice(1500)].sort())
  })

  test('gives a row that was finished, retried and finished again in the same millisecond once', () => {
    const storage = memory()
    storage.insert([aRow('a')])
    for (const holder of ['worker#1', 'worker#2']) {
      const [claimed] = storage.claim(wanting('resize', 1, holder)) as [Row]
      storage.apply([completed(claimed)])
      const [finished] = storage.get(['a']) as [Row]
      storage.apply([completed(finished, { state: 'waiting', wakeAt: NOON, doneAt: null })])
    }
    const [claimed] = storage.claim(wanting('resize', 1, 'worker#3')) as [Row]
    storage.apply([completed(claimed)])
    expect(storage.find({ doneBefore: NOON + 1 }, 10).rows.map(({ id }) => id)).toEqual(['a'])
  })
})

describe('watch', () => {
  test('wakes when a row comes or moves that has a wake time, and only then', () => {
    const storage = memory()
    let wakes = 0
    const stop = storage.watch(() => (wakes += 1))
    const wakesOf = (write: () => void) => {
      const before = wakes
      write()
      return wakes - before
    }
    const [a, b] = [aRow('a'), aRow('b', { wakeAt: null })]
    expect(wakesOf(() => storage.insert([a, b]))).toBe(1)
    expect(wakesOf(() => storage.insert([a, b]))).toBe(0)
    expect(wakesOf(() => storage.apply([completed(a)]))).toBe(0)
    expect(wakesOf(() => storage.apply([completed(b, { wakeAt: NOON })]))).toBe(1)
    expect(wakesOf(() => storage.apply([completed(b, { wakeAt: NOON + 1 })]))).toBe(0)
    stop()
    expect(wakesOf(() => storage.insert([aRow('c')]))).toBe(0)
  })

  test('two watchers that pass one function end one by one', () => {
    const storage = memory()
    let wakes = 0
    const wake = () => {
      wakes += 1
    }
    const stop = storage.watch(wake)
    storage.watch(wake)
    stop()
    storage.insert([aRow('a')])
    expect(wakes).toBe(1)
  })
})

describe('close', () => {
  test('every method refuses with `closed` afterwards, and closing again is harmless', () => {
    const storage = memory()
    storage.close()
    storage.close()
    const calls: (() => unknown)[] = [
      () => storage.insert([aRow('a')]),
      () => storage.claim(wanting('resize', 1)),
      () => storage.extend([aRow('a')], NOON),
      () => storage.apply([completed(aRow('a'))]),
      () => storage.get(['a']),
      () => storage.find({ key: 'a' }, 1),
      () => storage.count({ upTo: 1 }),
      () => storage.watch(() => {}),
    ]
    for (const call of calls) expect(call).toThrow(expect.objectContaining({ code: 'closed' }))
  })
})

describe('options', () => {
  test('set the traits', () => {
    expect(memory({ batchMax: 10, rowMaxBytes: 100 }).traits).toMatchObject({ batchMax: 10, rowMaxBytes: 100 })
    expect(memory().traits).toMatchObject({ batchMax: 1000, rowMaxBytes: 16_777_216 })
  })

  test('refuses what is no count', () => {
    expect(() => memory({ batchMax: 0 })).toThrow(
      new TypeError('Expected `batchMax` to be an integer from 1 and up, got `0` (number)'),
    )
  })
})
