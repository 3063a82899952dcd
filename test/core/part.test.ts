/** A part that goes on where it was. */
import { describe, expect, test } from 'vitest'
import { holdOn, skip } from '../../src/core/part.ts'
import { cancel, newTask, type RunningTask } from '../../src/core/task.ts'

const facts = { id: 'j/1', name: 'n', priority: 5, runAt: 0, hold: false }
const running = (counts: Partial<RunningTask>): RunningTask => ({
  ...newTask(facts, 0),
  ...counts,
  state: 'running',
  wakeAt: 9,
})

describe('holdOn', () => {
  test('D5 what failed or was seen to crash counts, the attempt that was cancelled does not', () => {
    const task = running({ attempts: 3, failures: 1, crashes: 1 })
    expect(holdOn(cancel(task, 1))).toMatchObject({ state: 'held', attempts: 2, failures: 1, crashes: 1 })
    expect(holdOn(cancel(running({ attempts: 1 }), 1))).toMatchObject({ attempts: 0 })
  })

  test('D5 attempts that vanished before the one that was cancelled count, though nobody has seen to them', () => {
    const task = running({ attempts: 3 })
    expect(holdOn(cancel(task, 1))).toMatchObject({ attempts: 2, failures: 0, crashes: 0 })
    expect(holdOn(skip(task, 1))).toMatchObject({ attempts: 2, failures: 0, crashes: 0 })
  })
})
