/** Success checks: what they may answer, and the dispatcher's own. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { itemsCheck, type Outcome, readAnswer } from '../../src/core/outcome.ts'

function outcome(changes: Partial<Outcome>): Outcome {
  const requests = (async function* () {})()
  const counts = { itemCount: 1, errorCount: 0, requestCount: 0 }
  return { reason: 'finished', result: undefined, logs: [], requests, ...counts, ...changes }
}

async function isGood(changes: Partial<Outcome>, options?: { minimumExpectedItems?: number }): Promise<boolean> {
  return readAnswer(await itemsCheck(options)(outcome(changes))).good
}

describe('itemsCheck', () => {
  test('D16 good and bad by reason, then by no items, then by few items with more than one error', async () => {
    expect(await isGood({ itemCount: 0 })).toBe(false)
    expect(await isGood({ itemCount: 1, errorCount: 1 })).toBe(true)
    expect(await isGood({ itemCount: 1, errorCount: 2 })).toBe(false)
    expect(await isGood({ itemCount: 100, errorCount: 2 })).toBe(false)
    expect(await isGood({ itemCount: 101, errorCount: 2 })).toBe(true)
    expect(await isGood({ itemCount: 5, errorCount: 9 }, { minimumExpectedItems: 4 })).toBe(true)
    expect(await isGood({ itemCount: 5, errorCount: 9 }, { minimumExpectedItems: 5 })).toBe(false)
  })

  test('D16 is good exactly by that rule', async () => {
    const counts = fc.nat(10)
    await fc.assert(
      fc.asyncProperty(counts, counts, counts, async (itemCount, errorCount, minimumExpectedItems) => {
        const good = itemCount > 0 && !(itemCount <= minimumExpectedItems && errorCount > 1)
        expect(await isGood({ itemCount, errorCount }, { minimumExpectedItems })).toBe(good)
      }),
    )
  })

  test.each(['failed', 'timed_out'] as const)(
    'D17 an attempt that ended as %s is bad whatever its counts',
    async (reason) => {
      expect(await isGood({ reason, itemCount: 1_000 })).toBe(false)
      expect(await itemsCheck()(outcome({ reason }))).toMatchObject({ reason: expect.stringContaining(reason) })
    },
  )

  test('refuses a minimum that cannot be', () => {
    expect(() => itemsCheck({ minimumExpectedItems: -1 })).toThrow(/`minimumExpectedItems`/)
    expect(() => itemsCheck({ minimumExpectedItems: 1.5 })).toThrow(TypeError)
    expect(() => itemsCheck(Object.fromEntries([['minimum', 1]]))).toThrow(/`minimum`/)
  })
})

describe('readAnswer', () => {
  test('takes true, false, and both with a reason', () => {
    expect(readAnswer(true)).toEqual({ good: true, reason: undefined })
    expect(readAnswer({ good: false, reason: 'too few' })).toEqual({ good: false, reason: 'too few' })
    expect(readAnswer({ good: true, reason: 5 })).toEqual({ good: true, reason: undefined })
  })

  test.each([[undefined], [null], [0], ['yes'], [{}], [{ good: 1 }], [() => true]])('refuses %s', (answer) => {
    expect(() => readAnswer(answer)).toThrow(/Expected `check` to be a function that answers true, false/)
  })
})
