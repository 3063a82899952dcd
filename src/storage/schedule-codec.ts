/** Schedule <-> Row. The row's wake time is the next tick; all else is in its memo, as a schedule may be changed. */
import type { Instant } from '../core/duration.ts'
import { decode, encode } from '../core/payload.ts'
import type { SchedulePlan, ScheduleProgress, ScheduleState } from '../core/schedule.ts'
import type { NextRow, Row } from './storage.ts'

/** The name that the rows of all schedules have. */
export const SCHEDULE = '~schedule'

/** What a row of a schedule keeps. `rule` is of the runner's making: here it is only kept. */
export interface ScheduleMemo<Rule> {
  /** The name of the task's definition. */
  readonly task: string
  readonly rule: Rule
  readonly plan: SchedulePlan
  /** The text of the input that each task gets. */
  readonly input: string
  readonly priority: number
  /** Each task is put off by up to so much. */
  readonly jitterMs: number
  readonly addedAt: Instant
  readonly progress: ScheduleProgress
}

/** What changes of a row. */
export interface ScheduleStanding<Rule> {
  readonly state: ScheduleState
  readonly wakeAt: Instant | null
  readonly memo: ScheduleMemo<Rule>
}

export function scheduleId(name: string): string {
  return `${SCHEDULE}:${name}`
}

export function scheduleName(row: Pick<Row, 'id'>): string {
  return row.id.slice(SCHEDULE.length + 1)
}

export function newScheduleRow<Rule>(
  name: string,
  { state, wakeAt, memo }: ScheduleStanding<Rule>,
  facts: { readonly holder: string; readonly rev: number },
): Row {
  return {
    id: scheduleId(name),
    name: SCHEDULE,
    state,
    priority: 0,
    wakeAt,
    rev: facts.rev,
    tries: 0,
    holder: facts.holder,
    key: null,
    parent: null,
    doneAt: null,
    input: 'null',
    memo: encode(memo),
  }
}

/** What a row keeps, as whatever version wrote it: its rule may be one that this version does not know. */
export function scheduleOf<Rule>(row: Row): ScheduleMemo<Rule> {
  return decode(row.memo) as ScheduleMemo<Rule>
}

/** The same as it is, awake then. */
export function awakeScheduleRow({ state, holder, memo }: Row, wakeAt: Instant): NextRow {
  return { state, priority: 0, wakeAt, tries: 0, holder, doneAt: null, memo, keepKey: true }
}

export function nextScheduleRow<Rule>({ state, wakeAt, memo }: ScheduleStanding<Rule>, holder: string): NextRow {
  return { state, priority: 0, wakeAt, tries: 0, holder, doneAt: null, memo: encode(memo), keepKey: true }
}
