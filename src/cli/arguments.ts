/** What a flag's text has to be, told by commander with the flag's name. */
import { InvalidArgumentError } from 'commander'
import { type Duration, durationMs } from '../index.ts'

export function wholeNumber(text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('Expected a whole number from 1 and up.')
}

/** More would be a mistake: each is a whole process of Node. */
const processesMax = 512

export function processes(text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= processesMax) return number
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${processesMax}, or nothing: one for each core.`)
}

export function jsonObject(text: string): Record<string, unknown> {
  const value = parsed(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new InvalidArgumentError('Expected a JSON object, such as {"products_job": "168012/129/5"}.')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whatever JSON there is. */
export function anyJson(text: string): unknown {
  const value = parsed(text)
  if (value !== undefined) return value
  throw new InvalidArgumentError('Expected JSON, such as {"to": "you@example.org"} or "a text".')
}

export function priority(text: string): number {
  if (/^\d$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number from 0 to 9.')
}

/** As it was written, once it is known to be one. */
export function duration(text: string): Duration {
  try {
    durationMs('time', text)
    return text as Duration
  } catch {
    throw new InvalidArgumentError('Expected a time such as 30s, 5m, 2h or 7d, of ten years at most.')
  }
}

/** Names or states, with commas between them. */
export function list(text: string): string[] {
  const words = text.split(',').map((word) => word.trim())
  if (words.every((word) => word !== '')) return words
  throw new InvalidArgumentError('Expected one or more, with commas between them.')
}

export function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('Expected a whole number from 0 to 65535.')
}
