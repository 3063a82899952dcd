/** A task must be able to leave its row whatever it has logged, reported and failed with: only a result can be too large. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ErrorRecord } from '../../src/core/error-record.ts'
import { PieceworkError } from '../../src/core/errors.ts'
import type { Task } from '../../src/core/task.ts'
import { nextRow, taskOf } from '../../src/storage/codec.ts'
import type { Row } from '../../src/storage/storage.ts'
import { anyText } from '../core/any-value.ts'
import { bytesOf, now, rowOf, stored } from './rows.ts'

/** What the runner keeps free beside an input when it is added. */
const reserveBytes = 2_048

const empty = { errors: [], logs: [], progress: undefined }

function taskIn(row: Row, kept: Partial<Pick<Task, 'errors' | 'logs' | 'progress'>>) {
  const { id, name, priority } = row
  const counts = { attempts: 9, failures: 8, crashes: 1, addedAt: now, runAt: now }
  return { id, name, priority, ...counts, ...empty, ...kept }
}

const long = fc.tuple(anyText, fc.nat(4_000)).map(([text, times]) => `${text}x`.repeat(times).slice(0, 4_000))
const error: fc.Arbitrary<ErrorRecord> = fc.record(
  {
    at: fc.constant(now),
    attempt: fc.nat(50),
    name: long.map((text) => text.slice(0, 200)),
    message: long,
    stack: long,
  },
  { requiredKeys: ['at', 'attempt', 'name', 'message'] },
)
const kept = fc.record({
  errors: fc.array(error, { maxLength: 50 }),
  logs: fc.array(
    long.map((line) => line.slice(0, 1_000)),
    { maxLength: 100 },
  ),
  progress: fc.oneof(fc.constant(undefined), fc.array(long, { maxLength: 20 })),
})

/** An input, and a size of row that has room for it and the reserve. */
const room = fc.tuple(long, fc.nat(20_000)).map(([input, more]) => {
  const row = rowOf(input)
  return { row, rowMaxBytes: Buffer.byteLength(row.input) + reserveBytes + more }
})

describe('nextRow', () => {
  test('ER-01 a task fits into its row whatever errors, logs and progress it has, and keeps how it ended', () => {
    fc.assert(
      fc.property(kept, room, fc.constantFrom('waiting', 'running', 'failed', 'cancelled'), (all, place, state) => {
        const base = taskIn(place.row, all)
        const task: Task =
          state === 'waiting' || state === 'running'
            ? { ...base, state, wakeAt: now }
            : { ...base, state, doneAt: now, reason: 'invalid_input' }
        const row = stored(task, place.row, place.rowMaxBytes)
        expect(bytesOf(row)).toBeLessThanOrEqual(place.rowMaxBytes)
        const { attempts, failures, crashes, addedAt, runAt } = base
        expect(taskOf(row)).toMatchObject({ state, attempts, failures, crashes, addedAt, runAt })
        if (state === 'failed') expect(taskOf(row)).toMatchObject({ reason: 'invalid_input' })
      }),
      { numRuns: 300 },
    )
  })

  test('a result fits exactly when it and the bare task do, whatever else there is; else it is too_large', () => {
    fc.assert(
      fc.property(kept, room, fc.nat(60_000), anyText, (all, place, length, text) => {
        const result = `${text}x`.repeat(length).slice(0, length)
        const end = { state: 'completed', doneAt: now, result, items: { fence: now, count: 5 } } as const
        const bare = bytesOf(stored({ ...taskIn(place.row, {}), ...end }, place.row))
        const write = () => stored({ ...taskIn(place.row, all), ...end }, place.row, place.rowMaxBytes)
        if (bare > place.rowMaxBytes) {
          expect(write).toThrow(PieceworkError)
          expect(write).toThrow(expect.objectContaining({ code: 'too_large' }))
        } else {
          expect(bytesOf(write())).toBeLessThanOrEqual(place.rowMaxBytes)
          expect(taskOf(write())).toMatchObject({ result, items: end.items, attempts: 9 })
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a row is filled to its last byte and not beyond, in any script', () => {
    for (const letter of ['a', 'é', '€', '😀']) {
      const row = rowOf('in')
      const task: Task = {
        ...taskIn(row, {}),
        state: 'completed',
        doneAt: now,
        result: letter.repeat(500),
        items: null,
      }
      const bytes = bytesOf(stored(task, row))
      expect(bytesOf(stored(task, row, bytes))).toBe(bytes)
      expect(() => nextRow(task, row, 'me', bytes - 1)).toThrow(PieceworkError)
    }
  })

  test('logs go first, then the older errors and the stacks, then progress', () => {
    const row = rowOf('in')
    const errors = [1, 2, 3].map((attempt) => ({
      at: now,
      attempt,
      name: 'E',
      message: `m${attempt}`,
      stack: 's'.repeat(300),
    }))
    const all = { errors, logs: ['l'.repeat(500)], progress: { done: 'p'.repeat(300) } }
    const task: Task = { ...taskIn(row, all), state: 'waiting', wakeAt: now }
    const whole = bytesOf(stored(task, row))
    const kept = (rowMaxBytes: number) => taskOf(stored(task, row, rowMaxBytes))
    expect(kept(whole)).toMatchObject(all)
    expect(kept(whole - 1)).toMatchObject({ errors, logs: [], progress: all.progress })
    expect(kept(whole - 600)).toMatchObject({
      errors: [{ attempt: 3, message: 'm3' }],
      logs: [],
      progress: all.progress,
    })
    expect(kept(whole - 600).errors[0]).not.toHaveProperty('stack')
    expect(kept(200)).toMatchObject({ errors: [{ attempt: 3, message: 'm3' }], progress: undefined })
    expect(kept(90)).toMatchObject({ errors: [], progress: undefined, failures: 8, crashes: 1 })
  })

  test('ER-01 an error that is cut to fit has no half of a pair', () => {
    const row = rowOf('in')
    const message = `${'x'.repeat(99)}${'😀'.repeat(500)}`
    const errors = [{ at: now, attempt: 1, name: 'E', message }]
    const task: Task = { ...taskIn(row, { errors }), state: 'waiting', wakeAt: now }
    const [read] = taskOf(stored(task, row, 700)).errors
    expect(read?.message.startsWith('xxx')).toBe(true)
    expect(read?.message.isWellFormed()).toBe(true)
  })
})
