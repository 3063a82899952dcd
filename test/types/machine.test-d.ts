/** The machines' preconditions are their parameters' types: a move that cannot be does not compile. */
import { describe, expectTypeOf, test } from 'vitest'
import { type Reservation, type reservationMoves, start } from '../../src/core/reservation.ts'
import {
  begin,
  type CancelledTask,
  type CompletedTask,
  cancel,
  type FailedTask,
  type FailureRules,
  type HeldTask,
  type RunningTask,
  release,
  retry,
  settle,
  type Task,
  type taskMoves,
  type WaitingTask,
} from '../../src/core/task.ts'

declare const held: HeldTask
declare const waiting: WaitingTask
declare const running: RunningTask
declare const completed: CompletedTask
declare const failed: FailedTask
declare const cancelled: CancelledTask
declare const rules: FailureRules

describe('a task', () => {
  test('P-ABSORB once it has ended nothing but a retry moves it, and a completed one (Y13) not even that', () => {
    expectTypeOf(retry(failed, 0)).toEqualTypeOf<WaitingTask>()
    expectTypeOf(retry(cancelled, 0)).toEqualTypeOf<WaitingTask>()
    // @ts-expect-error completed is never run again
    retry(completed, 0)
    for (const done of [completed, failed, cancelled]) {
      // @ts-expect-error it has ended
      cancel(done, 0)
      // @ts-expect-error it has ended
      begin(done, rules, 0)
      // @ts-expect-error it has ended
      settle(done, { kind: 'bad', error: 1 }, rules, 0)
      // @ts-expect-error it has ended
      release(done)
    }
  })

  test('only a claimed one is begun and settled, only a held one released, a running one is not retried', () => {
    expectTypeOf(begin(running, rules, 0)).toEqualTypeOf<RunningTask | FailedTask>()
    expectTypeOf(release(held)).toEqualTypeOf<WaitingTask>()
    // @ts-expect-error it is not claimed
    begin(waiting, rules, 0)
    // @ts-expect-error it is not claimed
    settle(waiting, { kind: 'good', result: 1, items: null }, rules, 0)
    // @ts-expect-error it is not held
    release(waiting)
    // @ts-expect-error it runs
    retry(running, 0)
    // @ts-expect-error it is held
    retry(held, 0)
  })

  test('each state holds only the fields that are true in it', () => {
    expectTypeOf<HeldTask>().not.toHaveProperty('wakeAt')
    expectTypeOf<WaitingTask>().not.toHaveProperty('doneAt')
    expectTypeOf<CompletedTask>().not.toHaveProperty('wakeAt')
    expectTypeOf<CancelledTask>().not.toHaveProperty('reason')
  })

  test('the table of moves names every state and no other', () => {
    expectTypeOf<keyof typeof taskMoves>().toEqualTypeOf<Task['state']>()
    expectTypeOf<keyof typeof reservationMoves>().toEqualTypeOf<Reservation['state']>()
  })
})

describe('a reservation', () => {
  test('begins once', () => {
    const reservation: Extract<Reservation, { state: 'started' }> = {
      state: 'started',
      token: 't',
      holder: 'h',
      reservedAt: 0,
      startedAt: 0,
      expiresAt: 1,
    }
    // @ts-expect-error it has begun
    start(reservation, 1, 0)
  })
})
