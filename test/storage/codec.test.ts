/** Task <-> Row: nothing is lost on the way, and every task can be written whatever it holds. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PayloadError, PieceworkError } from '../../src/core/errors.ts'
import { fixed } from '../../src/core/retry.ts'
import type { FailureRules, Task } from '../../src/core/task.ts'
import { inputOf, inputText, nextRow, taskOf } from '../../src/storage/codec.ts'
import type { Row } from '../../src/storage/storage.ts'
import { anyValue, same } from '../core/any-value.ts'
import { anySteps, live } from '../core/history.ts'
import { now, rowOf, stored, truth } from './rows.ts'

const rules: FailureRules = { retry: fixed({ maxAttempts: 4, delay: 10 }), maxCrashes: 3, random: () => 0.5 }

describe('the input', () => {
  test('P-CODEC comes back exactly as it was given, or is refused with its path before there is a row', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        let row: Row
        try {
          row = rowOf(value)
        } catch (error) {
          expect(error).toBeInstanceOf(PayloadError)
          return
        }
        expect(same(inputOf(row), value)).toBe(true)
        expect(row.input.isWellFormed() && !row.input.includes('\0')).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('none and null are told apart, and each stays what it was', () => {
    expect(inputOf(rowOf(undefined))).toBe(undefined)
    expect(inputOf(rowOf(null))).toBe(null)
    expect(inputText(undefined)).not.toBe(inputText(null))
    expect(JSON.parse(inputText(undefined))).toBe(null)
  })

  test('PL-10 is a new value at each reading, so that a handler changes only its own', () => {
    const row = rowOf({ list: [1] })
    const one = inputOf(row)
    if (typeof one === 'object' && one !== null) Reflect.set(one, 'list', 'changed')
    expect(inputOf(row)).toEqual({ list: [1] })
  })
})

describe('newRow', () => {
  test('a new task waits at its time under a key of its definition, at the revision that it was given', () => {
    expect(rowOf(5, { key: 'k' })).toEqual({
      id: 'id',
      name: 'resize',
      state: 'waiting',
      priority: 5,
      wakeAt: now,
      rev: now,
      tries: 0,
      holder: 'app#1',
      key: 'resize\nk',
      parent: null,
      doneAt: null,
      input: '5',
      memo: `{"addedAt":${now}}`,
    })
    expect(rowOf(5, { hold: true })).toMatchObject({ state: 'held', wakeAt: null, key: null })
  })
})

describe('a task in a row', () => {
  test('comes back with all that is true of it, at every moment of every life', () => {
    fc.assert(
      fc.property(anySteps, fc.boolean(), (steps, hold) => {
        let row = rowOf({ some: 'input' }, { key: 'k', hold })
        const keep = <T extends Task>(task: T): T => {
          const next = stored(task, row)
          expect(truth(taskOf(next))).toEqual(truth(task))
          expect(next).toMatchObject({ rev: row.rev + 1, input: row.input, id: row.id, parent: null })
          row = next
          return task
        }
        for (const _ of live(steps, rules, hold, keep)) expect(row.rev).toBeGreaterThan(now)
      }),
      { numRuns: 500 },
    )
  })

  test('a life goes on from its rows alone as it does from the tasks themselves', () => {
    fc.assert(
      fc.property(anySteps, fc.boolean(), (steps, hold) => {
        const last = [...live(steps, rules, hold)].at(-1)
        let row = rowOf(1, { hold })
        const keep = <T extends Task>(task: T): T => {
          row = stored(task, row)
          const read = taskOf(row)
          // The compiler cannot know that a state comes back as it was; the next line does.
          if (!isAs(read, task)) throw new Error(`A ${task.state} task came back as ${read.state}`)
          return read
        }
        const lastRead = [...live(steps, rules, hold, keep)].at(-1)
        if (last && lastRead) expect(truth(lastRead.after)).toEqual(truth(last.after))
      }),
      { numRuns: 500 },
    )
  })

  test('a result comes back exactly as it was, or is refused with its path', () => {
    fc.assert(
      fc.property(anyValue, (result) => {
        const row = rowOf(1)
        const task: Task = { ...base(row), state: 'completed', doneAt: now, result, items: null }
        let read: Task
        try {
          read = taskOf(stored(task, row))
        } catch (error) {
          expect(error).toBeInstanceOf(PayloadError)
          return
        }
        expect(read.state === 'completed' && same(read.result, result)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('logs and errors of any text come back, unit by unit', () => {
    const line = fc.string({ unit: 'binary' })
    const error = fc.record(
      { at: fc.nat(), attempt: fc.nat(), name: line, message: line, stack: line, cause: line },
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(fc.array(line), fc.array(error), fc.jsonValue({ stringUnit: 'binary' }), (logs, errors, progress) => {
        const row = rowOf(1)
        const task: Task = { ...base(row), state: 'waiting', wakeAt: now, logs, errors, progress }
        const read = taskOf(stored(task, row))
        expect(same(read.logs, logs) && same(read.errors, errors) && same(read.progress, progress)).toBe(true)
      }),
    )
  })
})

describe('nextRow', () => {
  const row = rowOf(1, { key: 'k' })
  const running: Task = { ...base(row), state: 'running', wakeAt: now + 5, attempts: 2 }

  test('P-ABSORB a done task has neither a time at which a claim could get it nor a key', () => {
    expect(nextRow(running, row, 'me', 10_000)).toMatchObject({
      holder: 'me',
      tries: 2,
      wakeAt: now + 5,
      keepKey: true,
    })
    for (const state of ['completed', 'failed', 'cancelled'] as const) {
      const done: Task = { ...base(row), state, doneAt: now + 9, result: 1, items: null, reason: 'fatal' }
      expect(nextRow(done, row, 'me', 10_000)).toMatchObject({ keepKey: false, wakeAt: null, doneAt: now + 9 })
      expect(stored(done, row)).toMatchObject({ key: null, rev: row.rev + 1, state })
    }
  })

  test('writes the same text for the same task, so that an adapter knows its own write', () => {
    expect(nextRow(running, row, 'me', 10_000)).toEqual(nextRow({ ...running }, { ...row }, 'me', 10_000))
  })

  test('refuses a result that is not faithful with its path', () => {
    const done: Task = { ...base(row), state: 'completed', doneAt: now, result: { at: new Date(0) }, items: null }
    expect(() => nextRow(done, row, 'me', 10_000)).toThrow(expect.objectContaining({ path: '$.at' }))
    expect(() => nextRow({ ...done, result: 'x'.repeat(20_000) }, row, 'me', 10_000)).toThrow(PieceworkError)
  })
})

function base(row: Row) {
  const { id, name, priority } = row
  const empty = { errors: [], logs: [], progress: undefined }
  return { id, name, priority, attempts: 0, failures: 0, crashes: 0, addedAt: now, runAt: now, ...empty }
}

function isAs<T extends Task>(read: Task, task: T): read is T {
  return read.state === task.state
}
