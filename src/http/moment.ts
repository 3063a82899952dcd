/** Times as JSON has them: a text of ISO 8601, which without a zone is UTC as Party's are, or epoch milliseconds. */
import type { Instant } from '../index.ts'
import { Problem } from './answers.ts'

const shape = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?$/

/** Whether it is in the years that an instant may be in, `add` says. @throws Problem 400 */
export function momentOf(option: string, value: unknown): Instant {
  const at = typeof value === 'string' ? parse(value) : value
  if (typeof at === 'number') return at
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
