/** Single moves of a task: what each changes and what it leaves. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxErrorRecords } from '../../src/core/error-record.ts'
import { FatalError } from '../../src/core/errors.ts'
import { never, retryPresets } from '../../src/core/retry.ts'
import {
  begin,
  cancel,
  type FailureRules,
  newTask,
  type RunningTask,
  release,
  retry,
  settle,
  type Task,
} from '../../src/core/task.ts'

const addedAt = 1_800_000_000_000
const rules: FailureRules = { retry: retryPresets.m01, maxCrashes: 3, random: () => 0 }
const facts = { id: 'a', name: 'resize', priority: 2, runAt: addedAt + 1_000 }

/** What a storage does to a row that is due. */
function claim(task: Task, now = addedAt + 2_000): RunningTask {
  if (task.state !== 'waiting' && task.state !== 'running') throw new Error(`It is ${task.state}`)
  return { ...task, state: 'running', attempts: task.attempts + 1, wakeAt: now + 30_000 }
}

const waiting = newTask({ ...facts, hold: false }, addedAt)
const first = claim(waiting)

describe('newTask', () => {
  test('waits for its time', () => {
    expect(waiting).toMatchObject({ state: 'waiting', wakeAt: facts.runAt, runAt: facts.runAt, addedAt, attempts: 0 })
  })

  test('a held one has no time at which it wakes, and is due at its own once it is released', () => {
    const held = newTask({ ...facts, hold: true }, addedAt)
    expect(held).toMatchObject({ state: 'held' })
    expect(held).not.toHaveProperty('wakeAt')
    if (held.state === 'held') expect(release(held)).toMatchObject({ state: 'waiting', wakeAt: facts.runAt })
  })
})

describe('begin', () => {
  test('a first claim goes on as it is', () => {
    expect(begin(first, rules, 1)).toBe(first)
  })

  test('a vanished holder is counted and recorded once, for the attempt that vanished', () => {
    const begun = begin(claim(first), rules, addedAt)
    expect(begun).toMatchObject({ state: 'running', attempts: 2, crashes: 1, failures: 0 })
    expect(begun.errors).toEqual([
      { at: addedAt, attempt: 1, name: 'CrashedError', message: 'the process vanished while it ran this task' },
    ])
    if (begun.state === 'running') expect(begin(begun, rules, addedAt)).toBe(begun)
  })

  test('with no attempt left the task fails as crashed, and the claim that found out is given back', () => {
    const begun = begin(claim(first), { ...rules, retry: never() }, addedAt + 7)
    expect(begun).toMatchObject({ state: 'failed', reason: 'crashed', attempts: 1, crashes: 1, doneAt: addedAt + 7 })
  })

  test('crashes are judged apart from failures: one more than maxCrashes is the end', () => {
    const tireless: FailureRules = { ...rules, retry: () => 0, maxCrashes: 1 }
    const once = begin(claim(first), tireless, addedAt)
    expect(once.state).toBe('running')
    expect(begin(claim(once), tireless, addedAt)).toMatchObject({ state: 'failed', reason: 'crashed', crashes: 2 })
  })
})

describe('settle', () => {
  test('M13 three executions by default: the first two failures wait ten seconds, the third is the end', () => {
    let task: Task = waiting
    const seen: unknown[] = []
    for (const message of ['one', 'two', 'three']) {
      task = settle(claim(task), { kind: 'bad', error: new Error(message) }, rules, addedAt)
      seen.push([task.state, task.attempts, task.errors.map((error) => error.message)])
      if (task.state === 'waiting') expect(task.wakeAt).toBe(addedAt + 10_000)
    }
    expect(seen).toEqual([
      ['waiting', 1, ['one']],
      ['waiting', 2, ['one', 'two']],
      ['failed', 3, ['one', 'two', 'three']],
    ])
    expect(task).toMatchObject({ reason: 'exhausted', doneAt: addedAt, failures: 3, crashes: 0 })
  })

  test('M12 a final verdict fails at once with one record and its reason', () => {
    const task = settle(first, { kind: 'final', reason: 'fatal', error: new FatalError('no') }, rules, addedAt)
    expect(task).toMatchObject({ state: 'failed', reason: 'fatal', attempts: 1, failures: 1 })
    expect(task.errors).toMatchObject([{ name: 'FatalError', message: 'no', attempt: 1 }])
  })

  test('a good end keeps the result, its items and the records of earlier attempts', () => {
    const again = settle(first, { kind: 'bad', error: new Error('one') }, rules, addedAt)
    const items = { fence: 12, count: 3 }
    const done = settle(claim(again), { kind: 'good', result: null, items }, rules, addedAt + 5)
    expect(done).toMatchObject({
      state: 'completed',
      doneAt: addedAt + 5,
      result: null,
      items,
      attempts: 2,
      failures: 1,
    })
    expect(done.errors).toHaveLength(1)
  })

  test.each(['snoozed', 'given_back'] as const)('ER-07 an attempt that is %s is refunded exactly once', (kind) => {
    const crashed = begin(claim(first), rules, addedAt)
    if (crashed.state !== 'running') throw new Error(crashed.state)
    for (const running of [first, crashed]) {
      const back = settle(running, { kind, delayMs: 70 }, { ...rules, retry: never() }, addedAt)
      const { failures, crashes, errors } = running
      expect(back).toMatchObject({ state: 'waiting', wakeAt: addedAt + 70, attempts: running.attempts - 1 })
      expect(back).toMatchObject({ failures, crashes, errors })
      expect(begin(claim(back), rules, addedAt)).toMatchObject({ attempts: running.attempts, crashes })
    }
  })

  test('ER-07 with a limit of one, a failure after any number of snoozes is the end', () => {
    let task: Task = waiting
    const once: FailureRules = { ...rules, retry: never() }
    for (let turn = 0; turn < 100; turn++) task = settle(claim(task), { kind: 'snoozed', delayMs: 0 }, once, addedAt)
    expect(task.attempts).toBe(0)
    expect(settle(claim(task), { kind: 'bad', error: 1 }, once, addedAt)).toMatchObject({
      state: 'failed',
      attempts: 1,
    })
  })

  test('ER-01 whatever is thrown, the task leaves running with a record of it', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }), (error) => {
        const task = settle(first, { kind: 'bad', error }, rules, addedAt)
        expect(task.state).toBe('waiting')
        expect(task.errors).toMatchObject([{ attempt: 1, at: addedAt }])
      }),
    )
  })

  test('at most 50 records are kept, the newest', () => {
    let task: Task = waiting
    const tireless: FailureRules = { ...rules, retry: () => 0 }
    for (let turn = 1; turn <= 60; turn++) {
      task = settle(claim(task), { kind: 'bad', error: new Error(`${turn}`) }, tireless, addedAt)
    }
    expect(task.errors).toHaveLength(maxErrorRecords)
    expect(task.errors.map(({ message }) => Number(message))).toEqual(Array.from({ length: 50 }, (_, at) => at + 11))
    expect(task).toMatchObject({ attempts: 60, failures: 60 })
  })
})

describe('cancel and retry', () => {
  test('cancelling keeps what is known of the attempts', () => {
    expect(cancel(first, addedAt + 9)).toMatchObject({ state: 'cancelled', doneAt: addedAt + 9, attempts: 1 })
  })

  test('a retry begins anew with all attempts and keeps the records', () => {
    const failed = settle(first, { kind: 'final', reason: 'fatal', error: new Error('x') }, rules, addedAt)
    if (failed.state !== 'failed') throw new Error(failed.state)
    const again = retry({ ...failed, logs: ['x'], progress: 1, crashes: 1 }, addedAt + 3)
    expect(again).toMatchObject({
      state: 'waiting',
      wakeAt: addedAt + 3,
      attempts: 0,
      failures: 0,
      crashes: 0,
      logs: [],
    })
    expect(again).toMatchObject({ progress: undefined, errors: failed.errors, runAt: facts.runAt })
  })

  test('a retry of a waiting task brings it forward, never back, and counts nothing anew', () => {
    const snoozed = settle(first, { kind: 'bad', error: 1 }, rules, addedAt)
    if (snoozed.state !== 'waiting') throw new Error(snoozed.state)
    expect(retry(snoozed, addedAt + 1)).toMatchObject({ wakeAt: addedAt + 1, attempts: 1, failures: 1 })
    expect(retry(snoozed, addedAt + 50_000).wakeAt).toBe(snoozed.wakeAt)
  })
})
