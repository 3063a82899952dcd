/** What `start` can be told, checked at the door. */
import { expectBoolean, expectOptions } from '../core/expect.ts'
import type { Roles } from './intake.ts'

export interface StartOptions {
  /** Whether this process adds the tasks of schedules. Any number may; each tick has one task. @default true */
  readonly schedule?: boolean
  /** Whether it runs tasks, parts, reduces and rows. @default true */
  readonly work?: boolean
}

/** @throws TypeError naming the option. */
export function rolesOf(options: StartOptions): Roles {
  const { schedule = true, work = true } = expectOptions('options', options, ['schedule', 'work'])
  expectBoolean('schedule', schedule)
  expectBoolean('work', work)
  if (!schedule && !work) throw new TypeError('Expected `schedule` or `work` to be true: there is nothing to start')
  return { schedule, work }
}
