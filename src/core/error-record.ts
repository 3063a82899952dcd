/** Errors as they are kept: small, plain, and made without trusting what was thrown. */
import type { Instant } from './duration.ts'
import { shown } from './expect.ts'
import { cut } from './text.ts'

/** What is kept of a failed attempt. */
export interface ErrorRecord {
  readonly at: Instant
  /** Which attempt it was: 1 for the first execution. */
  readonly attempt: number
  readonly name: string
  readonly message: string
  /** The stack, if the thrown thing had one, cut to 4,000 characters. */
  readonly stack?: string
  /** The name and message of the error's cause, if it had one. */
  readonly cause?: string
}

const maxNameLength = 200
const maxMessageLength = 4_000
const maxStackLength = 4_000

/** Control characters but for tab and line feed: as JSON each takes six bytes, and a log line must stay one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
const control = /[\0-\x08\x0b-\x1f\x7f]/g

/** Describes anything that can be thrown: null, a frozen error, a getter that throws, a stack of 50 MB. */
export function describeError(thrown: unknown, attempt: number, at: Instant): ErrorRecord {
  const name = nameOf(thrown)
  const message = text(thrown, 'message', maxMessageLength)
  const stack = text(thrown, 'stack', maxStackLength)
  const cause = causeOf(thrown)
  return {
    at,
    attempt,
    name: isObject(thrown) ? name : thrown === null ? 'null' : typeof thrown,
    message: message ?? safely(() => `threw ${shown(thrown)}`) ?? 'threw something that cannot be read',
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined ? {} : { cause }),
  }
}

/** Of `class Poison extends Error {}` the class says more than the name that it inherits. */
function nameOf(thrown: unknown): string {
  const name = text(thrown, 'name', maxNameLength) ?? 'Error'
  if (name !== 'Error' || !isObject(thrown)) return name
  return (
    text(
      safely(() => thrown.constructor),
      'name',
      maxNameLength,
    ) || name
  )
}

/** The message of anything that can be thrown, for a log line. */
export function messageOf(thrown: unknown): string {
  return describeError(thrown, 0, 0).message
}

/** `[2026-01-31T09:00:00.000+00:00] message`: an entry of m01's error list (M16). */
export function formatError(record: ErrorRecord): string {
  return `[${new Date(record.at).toISOString().replace('Z', '+00:00')}] ${record.message}`
}

function causeOf(thrown: unknown): string | undefined {
  const cause = isObject(thrown) ? safely(() => thrown.cause) : undefined
  if (cause === undefined) return undefined
  const message = text(cause, 'message', 1_000) ?? safely(() => shown(cause))
  return message === undefined ? undefined : `${text(cause, 'name', maxNameLength) ?? 'Error'}: ${message}`
}

/** The most error records kept of one task; older ones go first. */
export const maxErrorRecords = 50

export function appended(errors: readonly ErrorRecord[], record: ErrorRecord): ErrorRecord[] {
  return [...errors.slice(1 - maxErrorRecords), record]
}

/** Where the process vanished, its stack only shows the library. */
export function withoutStack({ stack: _, ...record }: ErrorRecord): ErrorRecord {
  return record
}

/** A string property of whatever it is, cut, with whole characters only and without those that steer a terminal. */
function text(thrown: unknown, property: string, maxLength: number): string | undefined {
  if (!isObject(thrown)) return undefined
  const value = safely(() => thrown[property])
  return typeof value === 'string' ? cut(value, maxLength).replace(control, '\ufffd') : undefined
}

function isObject(thrown: unknown): thrown is Record<string, unknown> {
  return (typeof thrown === 'object' && thrown !== null) || typeof thrown === 'function'
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
