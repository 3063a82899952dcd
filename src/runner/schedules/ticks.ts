/** When the ticks of a rule are. The only file that knows croner. */
import { Cron, type CronOptions, CronPattern } from 'croner'
import type { Instant } from '../../core/duration.ts'
import type { Ticks } from '../../core/schedule.ts'
import type { CronFields, Rule } from './rule.ts'
import { Wall } from './wall.ts'

/** @throws Error on a rule that cannot be, or that a later version wrote. */
export function ticksOf(rule: Rule): Ticks {
  if ('at' in rule) return once(rule.at)
  if ('every' in rule) return periodic(rule.every, rule.from)
  if ('cron' in rule) return byCron(rule)
  throw new Error(`Its rule is none that this version knows: ${Object.keys(rule).join(', ')}`)
}

function once(at: Instant): Ticks {
  return {
    next: (after) => (at > after ? at : undefined),
    latest: (_, upTo) => (at <= upTo ? [at] : []),
  }
}

function periodic(every: number, from: Instant): Ticks {
  return {
    next: (after) => (after < from ? from : from + (Math.floor((after - from) / every) + 1) * every),
    latest(count, upTo) {
      if (upTo < from) return []
      const last = Math.floor((upTo - from) / every)
      const first = Math.max(0, last - count + 1)
      return Array.from({ length: last - first + 1 }, (_, index) => from + (first + index) * every)
    },
  }
}

function byCron({ cron, timeZone, clockChanges }: Extract<Rule, { readonly timeZone: string }>): Ticks {
  const isFields = typeof cron !== 'string'
  const text = isFields ? patternOf(cron) : cron
  const options = { paused: true, domAndDow: isFields, mode: '5-or-6-parts' } as const
  const fixedTimeRule = clockChanges === 'fixed' ? 'no-wildcard' : 'single-value'
  const { isFixedTime } = new CronPattern(text, undefined, { mode: options.mode, fixedTimeRule })
  if (timeZone !== 'UTC' && isFixedTime) return byWall(croner(text, { ...options, utcOffset: 0 }), new Wall(timeZone))
  return croner(text, {
    ...options,
    fixedTimeRule,
    ...(timeZone === 'UTC' ? { utcOffset: 0 } : { timezone: timeZone }),
  })
}

function croner(text: string, options: CronOptions): Ticks {
  const job = new Cron(text, options)
  return {
    next: (after) => job.nextRun(new Date(after))?.getTime(),
    // `previousRuns` gives those before an instant.
    latest: (count, upTo) =>
      job
        .previousRuns(count, new Date(upTo + 1))
        .map((date) => date.getTime())
        .sort((a, b) => a - b),
  }
}

/**
 * Fixed times of day: a tick when the clock on the wall first says so, or has gone past it. Croner's own way would lose
 * a time in a gap that ends with its day, as in Nuuk.
 */
function byWall(times: Ticks, wall: Wall): Ticks {
  return {
    next(after) {
      for (let time = times.next(wall.latest(after)); time !== undefined; time = times.next(time)) {
        const at = wall.first(time)
        if (at !== undefined) return at
      }
      return undefined
    },
    latest(count, upTo) {
      // Several may come at the same instant, the end of a gap.
      for (let asked = count; ; asked *= 2) {
        const found = times.latest(asked, wall.latest(upTo))
        const ticks = [...new Set(found.flatMap((time) => wall.first(time) ?? []))]
        if (ticks.length >= count || found.length < asked) return ticks.slice(-count)
      }
    },
  }
}

/** m01's lists as a pattern: what is smaller than the smallest list is at its start; Monday is 0 there and 1 here. */
function patternOf({ minute, hour, dayOfMonth, month, dayOfWeek }: CronFields): string {
  const list = (values: readonly number[] | undefined) => (values?.length ? [...new Set(values)].join(',') : undefined)
  const days = list(dayOfWeek?.map((day) => (day + 1) % 7))
  const isAnyDay = dayOfMonth === undefined && days === undefined
  const [minutes, hours, dates, months] = [list(minute), list(hour), list(dayOfMonth), list(month)]
  const hasLarger = hours ?? dates ?? days ?? months
  return [
    minutes ?? (hasLarger ? '0' : '*'),
    hours ?? (minutes === undefined && (dates ?? days ?? months) ? '0' : '*'),
    dates ?? (isAnyDay && minutes === undefined && hours === undefined && months ? '1' : '*'),
    months ?? '*',
    days ?? '*',
  ].join(' ')
}
