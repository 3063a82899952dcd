/** What is told of a schedule. */
import type { Instant } from '../../core/duration.ts'
import { nextTick, type SchedulePlan, type ScheduleProgress, type ScheduleState } from '../../core/schedule.ts'
import { inputOf } from '../../storage/codec.ts'
import { scheduleName, scheduleOf } from '../../storage/schedule-codec.ts'
import type { Row } from '../../storage/storage.ts'
import type { Rule } from './rule.ts'
import { tickId } from './scheduler.ts'
import { ticksOf } from './ticks.ts'

export interface ScheduleInfo extends Omit<SchedulePlan, 'until'> {
  readonly name: string
  /** The name of the task's definition. */
  readonly task: string
  readonly state: ScheduleState
  readonly rule: Rule
  readonly input: unknown
  readonly priority: number
  readonly jitterMs: number
  readonly until: Instant | undefined
  readonly addedAt: Instant
  /** Its next tick; `undefined` when it is paused, or has ended. */
  readonly nextAt: Instant | undefined
  /** The last tick that a task was added for, and that task's id. */
  readonly lastAt: Instant | undefined
  readonly lastTaskId: string | undefined
  /** How many ticks wait for the task of an earlier one (`overlap: 'queue'`). */
  readonly waiting: number
}

export function scheduleInfo(row: Row): ScheduleInfo {
  const { task, rule, plan, input, priority, jitterMs, addedAt, progress } = scheduleOf<Rule>(row)
  const name = scheduleName(row)
  const state = row.state as ScheduleState
  const { missed, limit, overlap, until } = plan
  const { lastTick } = progress
  return {
    name,
    task,
    state,
    rule,
    input: inputOf({ input }),
    priority,
    missed,
    limit,
    overlap,
    jitterMs,
    until,
    addedAt,
    nextAt: state === 'active' ? nextOf(plan, progress, rule) : undefined,
    lastAt: lastTick,
    lastTaskId: lastTick === undefined ? undefined : tickId(name, lastTick),
    waiting: progress.waiting?.length ?? 0,
  }
}

/** One schedule with a rule of a later version must not keep an operator from seeing the others. */
function nextOf(plan: SchedulePlan, progress: ScheduleProgress, rule: Rule): Instant | undefined {
  try {
    return nextTick(plan, progress, ticksOf(rule))
  } catch {
    return undefined
  }
}

/** A tick, and what a clock on the wall says then. */
export interface Tick {
  readonly at: Instant
  /** `2026-03-29T03:00:00+03:00`, in the rule's time zone. */
  readonly local: string
}

/** The next ticks of a rule after an instant. */
export function previewOf(rule: Rule, count: number, after: Instant): Tick[] {
  const ticks = ticksOf(rule)
  const timeZone = 'timeZone' in rule ? rule.timeZone : 'UTC'
  const preview: Tick[] = []
  for (let at = ticks.next(after); at !== undefined && preview.length < count; at = ticks.next(at)) {
    preview.push({ at, local: localTime(at, timeZone) })
  }
  return preview
}

function localTime(at: Instant, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('sv', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(at)
  const offset = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName')
  const zone = offset?.value.replace('GMT', '') ?? ''
  return `${parts.replace(' ', 'T')}${zone === '' ? '+00:00' : zone}`
}
