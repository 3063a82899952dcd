/** What `schedule` can be told, checked at the door. */
import { type Duration, durationMs, type Instant, instant } from '../../core/duration.ts'
import { expected, expectInteger } from '../../core/expect.ts'
import { checkId, maxNameLength } from '../../core/name.ts'
import type { Missed, Overlap, SchedulePlan } from '../../core/schedule.ts'
import { defaultPriority } from '../add-options.ts'
import { type RuleOptions, ruleOptionNames } from './rule.ts'

export interface ScheduleOptions<Input = unknown> extends RuleOptions {
  /** The schedule's own name; another call with the same name changes it. @default the task's name */
  readonly name?: string
  /** What each task gets. */
  readonly input?: Input
  /** 0 to 9; 0 runs first. @default 5 */
  readonly priority?: number
  /**
   * What becomes of a tick while the task of the one before is not done: both may run (`allow`), the tick is left out
   * (`skip`), or its task is added once the other is done (`queue`). @default 'allow'
   */
  readonly overlap?: Overlap
  /**
   * What becomes of ticks that nobody took within a minute, as no scheduler ran: the last of them is taken when one
   * does (`last`), none (`skip`), or all, up to `limit` (`all`). @default 'last'
   */
  readonly missed?: Missed
  /** The most ticks that are made up for, or wait by `overlap: 'queue'`; of more, the latest. @default 100 */
  readonly limit?: number
  /** Each task is put off by up to so much, so that many schedules do not begin at once. @default 0 */
  readonly jitter?: Duration
  /** No tick after it. @default for ever */
  readonly until?: Date | Instant
}

/** Room for `@2026-01-31T09:00:00.000Z` in the ids of tasks. */
const maxScheduleName = maxNameLength - 25

export const scheduleOptionNames = [
  'name',
  'input',
  'priority',
  'overlap',
  'missed',
  'limit',
  'jitter',
  'until',
  ...ruleOptionNames,
] as const

export interface CheckedSchedule {
  readonly name: string
  readonly plan: SchedulePlan
  readonly priority: number
  readonly jitterMs: number
}

/** All but the rule and the input; `options` are an object of known names. @throws TypeError naming the option. */
export function checkSchedule(task: string, options: ScheduleOptions): CheckedSchedule {
  const { priority, overlap = 'allow', missed = 'last', limit = 100, jitter = 0, until } = options
  if (!['allow', 'skip', 'queue'].includes(overlap)) throw expected('overlap', "'allow', 'skip' or 'queue'", overlap)
  if (!['last', 'skip', 'all'].includes(missed)) throw expected('missed', "'last', 'skip' or 'all'", missed)
  return {
    name: checkScheduleName('name', options.name ?? task),
    plan: {
      missed,
      overlap,
      limit: expectInteger('limit', limit, 1, 10_000),
      until: until === undefined ? undefined : instant('until', until),
    },
    priority: priority === undefined ? defaultPriority : expectInteger('priority', priority, 0, 9),
    jitterMs: durationMs('jitter', jitter),
  }
}

export function checkScheduleName(option: string, name: unknown): string {
  if (checkId(option, name).length <= maxScheduleName) return name as string
  throw expected(option, `the name of a schedule, of at most ${maxScheduleName} characters`, name)
}
