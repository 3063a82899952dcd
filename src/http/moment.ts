/** Times as JSON has them: a text of ISO 8601, which without a zone is UTC as Party's are, or epoch milliseconds. */
import { type Instant, instant } from '../core/index.ts'
import { Problem } from './answers.ts'

const shape = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?$/

/** @throws Problem 400; TypeError outside the years that an instant may be in. */
export function momentOf(option: string, value: unknown): Instant {
  if (typeof value === 'number') return instant(option, value)
  const at = typeof value === 'string' ? parse(value) : undefined
  if (at !== undefined) return instant(option, at)
  const forms = "a time like '2026-01-31T09:00:00Z' or epoch milliseconds"
  throw new Problem(400, 'bad_request', `Expected \`${option}\` to be ${forms}`)
}

function parse(text: string): number | undefined {
  const [, year, month, day, time = '00:00', zone = 'Z'] = shape.exec(text) ?? []
  if (year === undefined) return undefined
  const date = `${year}-${month}-${day}`
  // A day that the month does not have would become one of the next.
  const isDay = !Number.isNaN(Date.parse(date)) && new Date(date).toISOString().startsWith(date)
  const at = Date.parse(`${date}T${time}${zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')}`)
  return isDay && !Number.isNaN(at) ? at : undefined
}
