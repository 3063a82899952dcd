/** `job(name, options)`: what is done with each part, and what with all of their results. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Duration, durationMs } from '../../core/duration.ts'
import { expected, expectFunction, expectInteger, expectOptions } from '../../core/expect.ts'
import { checkName } from '../../core/name.ts'
import type { SuccessCheck } from '../../core/outcome.ts'
import { checkPolicy, type RetryPolicy, retryPresets } from '../../core/retry.ts'
import type { Row, Storage } from '../../storage/storage.ts'
import type { TaskSettings } from '../definition.ts'
import { checkRetention, type Retention } from '../retention.ts'
import { checkSchema } from '../schema.ts'
import type { PartContext, ReduceContext } from './context.ts'
import type { PartMover } from './sweep.ts'

declare const types: unique symbol

/** A class of errors, as `failOn` lists them. Subclasses count. */
export type ErrorClass = abstract new (...args: never[]) => Error

/** What is announced to consumers outside: one message for each part, and one when the reduce is due. */
export type Announcement<Part = unknown, Metadata = unknown> =
  | {
      readonly subject: 'map'
      readonly jobId: string
      /** The part's index, from 0. */
      readonly partId: number
      readonly part: Part
      readonly metadata: Metadata
    }
  | { readonly subject: 'reduce'; readonly jobId: string; readonly metadata: Metadata }

export interface JobOptions<Part, Result, Metadata, Reduced> {
  /** Does the work of one part. Leave it out where consumers outside do it (`work.part`). */
  readonly map?: (context: PartContext<Part, Metadata>) => Result | Promise<Result>
  /** Runs once, when no part is open any longer. Without it the job is completed then. */
  readonly reduce?: (context: ReduceContext<NoInfer<Result>, Metadata>) => Reduced | Promise<Reduced>
  /**
   * Tells consumers outside: called for each part when it was stored, and, where there is no `reduce` here, once when
   * that is due. A call that rejects is made again; so each may come more than once.
   */
  readonly announce?: (message: Announcement<Part, Metadata>) => unknown
  /** Errors that fail the job at once, subclasses included; parts that have not begun are then skipped. @default none */
  readonly failOn?: readonly ErrorClass[]
  /** How many parts may fail for good before the job does: a number of them, or, below 1, a share. @default 0 */
  readonly threshold?: number
  /** When to try a part again, and the reduce. @default 3 executions, 10 s apart; for consumers outside: at once, for ever */
  readonly retry?: RetryPolicy
  /** How long one attempt at a part, or at the reduce, may take. @default no limit */
  readonly timeout?: Duration
  /** How many parts of all jobs of this definition one process runs at once. @default the worker's concurrency */
  readonly concurrency?: number
  /** Says whether an attempt at a part that resolved was good. Write it after `map`. @default every one */
  readonly check?: SuccessCheck<Result>
  /** How often the process may vanish while it runs one part before the part fails. @default 3 */
  readonly maxCrashes?: number
  /** How long a cleanup keeps its jobs that are done, with their parts. @default the cleanup's `olderThan` */
  readonly retention?: Retention
}

/** What the library needs to know of a job's definition beside how its parts and its reduce are run. */
export interface JobSettings {
  readonly name: string
  readonly hasMap: boolean
  readonly announce: ((message: Announcement) => unknown) | undefined
  readonly failOn: readonly ErrorClass[]
  readonly threshold: number
  /** Of dispatches: what they are completed with when no part is open. They have no reduce. */
  readonly report: ((storage: Storage, job: Row) => Promise<unknown>) | undefined
  /** Of dispatches: closes what one before it left behind too late. `isWanted`: whether any part waits for a slot. */
  readonly closeLate: ((mover: PartMover, job: Row, isWanted: boolean) => Promise<void>) | undefined
}

/** A definition: give it to `piecework({ definitions })`, and to `run`. */
export interface JobDefinition<Part = unknown, Result = unknown, Metadata = unknown, Reduced = unknown> {
  readonly name: string
  /** @internal How the reduce is run. */
  readonly settings: TaskSettings
  /** @internal How a part is run. */
  readonly parts: TaskSettings
  /** @internal */
  readonly job: JobSettings
  /** Only for the compiler. */
  readonly [types]?: {
    readonly part: Part
    readonly result: Result
    readonly metadata: Metadata
    readonly reduced: Reduced
  }
}

const known = [
  'map',
  'reduce',
  'announce',
  'part',
  'failOn',
  'threshold',
  'retry',
  'timeout',
  'concurrency',
  'check',
  'maxCrashes',
  'retention',
] as const

/** Tried again whenever somebody brings the part again: how often that is, is theirs to say. */
const always: RetryPolicy = () => 0

// The form with a schema stands last: a compiler that finds no form that fits reports against the last.
/** Defines a job whose parts nobody checks; their type is taken from the parameter of `map`. */
export function job<Part = unknown, Result = unknown, Metadata = unknown, Reduced = unknown>(
  name: string,
  options: JobOptions<Part, Result, Metadata, Reduced> & { readonly part?: undefined },
): JobDefinition<Part, Result, Metadata, Reduced>
/**
 * Defines a job. With `part`, a Standard Schema, a part that does not fit is refused when it is added.
 * @throws TypeError on a name or option that cannot be.
 */
export function job<Schema extends StandardSchemaV1, Result = unknown, Metadata = unknown, Reduced = unknown>(
  name: string,
  options: JobOptions<StandardSchemaV1.InferOutput<Schema>, Result, Metadata, Reduced> & { readonly part: Schema },
): JobDefinition<StandardSchemaV1.InferInput<Schema>, Result, Metadata, Reduced>
export function job(
  name: string,
  options: JobOptions<never, unknown, never, unknown> & { readonly part?: StandardSchemaV1 | undefined },
): JobDefinition {
  checkName('name', name)
  expectOptions('options', options, known)
  const { map, reduce, announce, part, failOn = [], threshold = 0, check, maxCrashes = 3 } = options
  for (const [option, value] of Object.entries({ map, reduce, announce, check })) {
    if (value !== undefined) expectFunction(option, value)
  }
  if (map === undefined && announce === undefined && reduce === undefined) {
    throw new TypeError('Expected at least one of `map`, `reduce` and `announce`, got none')
  }
  if (part !== undefined) checkSchema('part', part)
  const retry = checkPolicy('retry', options.retry ?? (map === undefined ? always : retryPresets.m01))
  const both = {
    retry,
    timeoutMs: options.timeout === undefined ? undefined : durationMs('timeout', options.timeout, 1),
    maxCrashes: expectInteger('maxCrashes', maxCrashes, 0),
  }
  const { concurrency } = options
  return Object.freeze({
    name,
    settings: {
      ...both,
      schema: undefined,
      run: reduce ?? announcing(announce) ?? nothing,
      concurrency: undefined,
      check: undefined,
      retention: checkRetention(options.retention),
    },
    parts: {
      ...both,
      schema: part,
      run: map ?? nothing,
      concurrency: concurrency === undefined ? undefined : expectInteger('concurrency', concurrency, 1),
      check,
    },
    job: {
      name,
      hasMap: map !== undefined,
      announce,
      failOn: checkClasses(failOn),
      threshold: checkThreshold(threshold),
      report: undefined,
      closeLate: undefined,
    },
  } as JobDefinition)
}

function nothing(): void {}

/** The reduce of a job whose consumers are outside: they are told, and what the telling answers is no result. */
function announcing(announce: ((message: Announcement<never, never>) => unknown) | undefined) {
  if (!announce) return undefined
  return async ({ jobId, metadata }: ReduceContext<unknown, never>): Promise<void> => {
    await announce({ subject: 'reduce', jobId, metadata })
  }
}

function checkClasses(failOn: readonly ErrorClass[]): readonly ErrorClass[] {
  if (!Array.isArray(failOn)) throw expected('failOn', 'an array of error classes', failOn)
  failOn.forEach((one, index) => {
    if (typeof one !== 'function' || !(one === Error || one.prototype instanceof Error)) {
      throw expected(`failOn[${index}]`, 'a class of errors', one)
    }
  })
  return [...failOn]
}

function checkThreshold(threshold: number): number {
  if (typeof threshold === 'number' && threshold >= 0 && (threshold < 1 || Number.isInteger(threshold)))
    return threshold
  throw expected('threshold', 'a number of parts, or a share of them below 1', threshold)
}
