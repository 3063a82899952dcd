/** The rule of a schedule: checked at the door, and kept as JSON. */
import { type Duration, durationMs, type Instant, instant } from '../../core/duration.ts'
import { expected, expectInteger, expectOptions } from '../../core/expect.ts'
import { ticksOf } from './ticks.ts'

/**
 * m01's own form: numbers in lists, all of which must fit; an absent or empty list fits always. `dayOfWeek` counts from
 * Monday, which is 0. Ticks are at the start of the smallest unit that is given.
 */
export interface CronFields {
  readonly minute?: readonly number[]
  readonly hour?: readonly number[]
  readonly dayOfMonth?: readonly number[]
  readonly month?: readonly number[]
  readonly dayOfWeek?: readonly number[]
}

/**
 * What becomes of times of day that a change of the clocks skips or repeats. `fixed` times, which name neither `*` nor a
 * step in their hours and minutes, run once on such a day: after the gap, or at the first of two. All others follow the
 * real time: what does not exist is skipped, what comes twice runs twice. With `single`, only a single time of day is fixed,
 * so that `30 2,14 * * *` is not.
 */
export type ClockChanges = 'fixed' | 'single'

/** One of `cron`, `every` and `at`. */
export interface RuleOptions {
  /** Five fields, or six with the seconds first; or m01's lists. `0 9 * * 1-5`: at nine from Monday to Friday. */
  readonly cron?: string | CronFields
  /** The time zone of `cron`, by its IANA name. @default 'UTC' */
  readonly timeZone?: string
  /** How `cron` meets a change of the clocks. @default 'fixed' */
  readonly clockChanges?: ClockChanges
  /** A tick in each such time, counted from when the schedule was made, or from `from`. */
  readonly every?: Duration
  /** When the first tick of `every` is. @default one period after the schedule was made */
  readonly from?: Date | Instant
  /** One tick, then no more. */
  readonly at?: Date | Instant
}

/** As it is kept. */
export type Rule =
  | { readonly cron: string | CronFields; readonly timeZone: string; readonly clockChanges: ClockChanges }
  | { readonly every: number; readonly from: Instant }
  | { readonly at: Instant }

const units = ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const
const bounds = { minute: [0, 59], hour: [0, 23], dayOfMonth: [1, 31], month: [1, 12], dayOfWeek: [0, 6] } as const

const patternWanted = 'a pattern of five or six fields'
/** Croner takes a text with a colon for a date. */
const maybePattern = /^[^:]{1,1000}$/

/** The options of a rule by their names. */
export const ruleOptionNames = ['cron', 'timeZone', 'clockChanges', 'every', 'from', 'at'] as const

/** `anchor` is what ticks of `every` are counted from where nothing is said. @throws TypeError naming the option. */
export function checkRule(options: RuleOptions, anchor: Instant): Rule {
  const { cron, timeZone, clockChanges, every, from, at } = options
  const given = [cron, every, at].filter((one) => one !== undefined).length
  if (given !== 1)
    throw new TypeError(`Expected one of \`cron\`, \`every\` and \`at\`, got ${given === 0 ? 'none' : 'several'}`)
  if (cron === undefined && (timeZone !== undefined || clockChanges !== undefined)) {
    throw new TypeError('Expected `timeZone` and `clockChanges` only beside `cron`')
  }
  if (every === undefined && from !== undefined) throw new TypeError('Expected `from` only beside `every`')
  if (at !== undefined) return { at: instant('at', at) }
  if (every !== undefined) {
    const everyMs = durationMs('every', every, 1_000)
    return { every: everyMs, from: from === undefined ? anchor + everyMs : instant('from', from) }
  }
  return checkCron(cron as string | CronFields, timeZone ?? 'UTC', clockChanges ?? 'fixed')
}

function checkCron(cron: string | CronFields, timeZone: string, clockChanges: ClockChanges): Rule {
  if (clockChanges !== 'fixed' && clockChanges !== 'single') {
    throw expected('clockChanges', "'fixed' or 'single'", clockChanges)
  }
  if (!isZone(timeZone)) throw expected('timeZone', "an IANA time zone such as 'Europe/Athens'", timeZone)
  if (typeof cron === 'string' && !maybePattern.test(cron)) throw expected('cron', patternWanted, cron)
  const rule = { cron: typeof cron === 'string' ? cron : checkFields(cron), timeZone, clockChanges }
  let ticks: ReturnType<typeof ticksOf>
  try {
    ticks = ticksOf(rule)
  } catch (error) {
    throw new TypeError(`Expected \`cron\` to be ${patternWanted}: ${messageOf(error)}`, { cause: error })
  }
  if (ticks.next(0) === undefined) throw expected('cron', 'a pattern that fits some day', cron)
  return rule
}

/** A copy, sorted: equal rules are equal text, and nobody can change it from outside (m01 B16). */
function checkFields(fields: CronFields): CronFields {
  expectOptions('cron', fields, units)
  const checked: { -readonly [unit in keyof CronFields]: readonly number[] } = {}
  for (const unit of units) {
    const list: unknown = fields[unit]
    if (list === undefined) continue
    if (!Array.isArray(list)) throw expected(`cron.${unit}`, 'a list of numbers', list)
    const [least, most] = bounds[unit]
    const values = new Set<number>(list.map((value) => expectInteger(`cron.${unit}`, value, least, most)))
    if (values.size > 0) checked[unit] = [...values].sort((a, b) => a - b)
  }
  return checked
}

function isZone(timeZone: unknown): boolean {
  try {
    return typeof timeZone === 'string' && new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions() !== undefined
  } catch {
    return false
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)
}
