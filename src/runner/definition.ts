/** `task(name, options)`: what is to be done, how it is retried, and what its input must look like. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Duration, durationMs } from '../core/duration.ts'
import { expectBoolean, expected, expectFunction, expectInteger, expectOptions } from '../core/expect.ts'
import { checkName } from '../core/name.ts'
import type { SuccessCheck } from '../core/outcome.ts'
import { checkPolicy, type RetryPolicy, retryPresets } from '../core/retry.ts'
import { type AddOptions, noOptions } from './add-options.ts'
import type { TaskContext } from './context.ts'
import type { Place } from './place.ts'
import type { Completion } from './recurrence.ts'
import { checkRetention, type Retention, type RetentionMs } from './retention.ts'
import { checkSchema } from './schema.ts'
import { checkThreads, type HandlerModule, type InputOf, type ResultOf, type ThreadOptions } from './threads/options.ts'

declare const types: unique symbol

/** What both forms of `task` take. */
export interface TaskOptions<Context, Result> {
  /** Does the work. What it resolves with is kept as the task's result; what it throws is kept as an error. */
  readonly run: (context: Context) => Result | Promise<Result>
  /** When to try again after a failure. @default 3 executions, 10 s apart */
  readonly retry?: RetryPolicy
  /** How long one attempt may take; then its signal aborts and it has failed. @default no limit */
  readonly timeout?: Duration
  /** How many tasks of this definition one process runs at once. @default the worker's concurrency */
  readonly concurrency?: number
  /**
   * Says whether an attempt that ended was good. Write it after `run`: its outcome then has the result's type. Before
   * `run`, the compiler may take the task's result for `unknown`, in `get` as well.
   * @default every attempt that resolved
   */
  readonly check?: SuccessCheck<Result>
  /** How often the process may vanish while it runs one task before the task fails. @default 3 */
  readonly maxCrashes?: number
  /** How long a cleanup keeps its tasks that are done. @default the cleanup's `olderThan` */
  readonly retention?: Retention
  /**
   * Called after a good end, before it is stored. With `scheduleNextRun` the same task runs again then, with all its
   * attempts; without, it is completed. What it throws is a failure of the attempt.
   */
  readonly onComplete?: (completion: Completion<InputIn<NoInfer<Context>>, NoInfer<Result>>) => void | Promise<void>
  /**
   * `true`: there is at most one such task of each input that is not done; adding another answers `duplicate`.
   * @default false
   */
  readonly recurring?: boolean
}

/** The same with a module in the place of `run`: its default export is the handler, and runs in threads. */
export type FileTaskOptions<Input, Result> = Omit<
  TaskOptions<{ readonly input: Input }, Result>,
  'run' | 'concurrency'
> &
  ThreadOptions

type InputIn<Context> = Context extends { readonly input: infer Input } ? Input : unknown

/** A definition: give it to `piecework({ definitions })`, and to `add`. */
export interface TaskDefinition<Input = unknown, Result = unknown> {
  readonly name: string
  /** Whether there is at most one of its tasks of each input: `recurring` of its options. */
  readonly recurring: boolean
  /** A task to add, for `work.add([...])`. */
  with(...args: InputArgs<Input>): NewTask<Input, Result>
  /** @internal */
  readonly settings: TaskSettings
  /** Only for the compiler. */
  readonly [types]?: { readonly input: Input; readonly result: Result }
}

/** The input may be left out where `undefined` is one. */
export type InputArgs<Input, Options = AddOptions> = undefined extends Input
  ? [input?: Input, options?: Options]
  : [input: Input, options?: Options]

/** A task's id. Plain text that, for the compiler, remembers what `get` will find. */
export type Id<Input = unknown, Result = unknown> = string & {
  readonly [types]?: { readonly input: Input; readonly result: Result }
}

/** One entry of a batch. */
export interface NewTask<Input = unknown, Result = unknown> {
  readonly definition: TaskDefinition<Input, Result>
  readonly input: Input
  readonly options: AddOptions
}

/** The options with their defaults, checked. */
export interface TaskSettings {
  readonly schema: StandardSchemaV1 | undefined
  readonly run: (context: never) => unknown
  readonly retry: RetryPolicy
  readonly timeoutMs: number | undefined
  readonly concurrency: number | undefined
  readonly check: SuccessCheck<never> | undefined
  readonly maxCrashes: number
  /** How long a cleanup keeps what is done. */
  readonly retention?: RetentionMs | undefined
  /** What does the work in the place of `run`, which is only what the definition is known by then. */
  readonly place?: Place | undefined
  readonly onComplete?: ((completion: Completion<never, never>) => unknown) | undefined
  readonly recurring?: boolean
}

const known = [
  'run',
  'file',
  'threads',
  'memoryMb',
  'input',
  'retry',
  'timeout',
  'concurrency',
  'check',
  'maxCrashes',
  'retention',
  'onComplete',
  'recurring',
] as const

/** Defines a task whose handler is the default export of a module: `task<typeof import('./encode.ts')>('encode', { file })`. */
export function task<Module extends HandlerModule>(
  name: string,
  options: FileTaskOptions<InputOf<Module>, ResultOf<Module>> & { readonly input?: undefined },
): TaskDefinition<InputOf<Module>, ResultOf<Module>>
/** The same, with the types of input and result written out. */
export function task<Input, Result = unknown>(
  name: string,
  options: FileTaskOptions<Input, Result> & { readonly input?: undefined },
): TaskDefinition<Input, Result>
/** The same, with a schema: the input is checked before it goes to a thread. */
export function task<Schema extends StandardSchemaV1, Result = unknown>(
  name: string,
  options: FileTaskOptions<StandardSchemaV1.InferOutput<Schema>, Result> & { readonly input: Schema },
): TaskDefinition<StandardSchemaV1.InferInput<Schema>, Result>
// The form with a schema stands last: a compiler that finds no form that fits reports against the last.
/** Defines a task whose input nobody checks; its type is taken from the handler's parameter. */
export function task<Input = unknown, Result = unknown>(
  name: string,
  options: TaskOptions<TaskContext<Input>, Result> & { readonly input?: undefined },
): TaskDefinition<Input, Result>
/**
 * Defines a task. With `input`, a Standard Schema, both `add` and the handler have its types, bad input is refused when
 * it is added, and a stored input that no longer passes fails its task without a retry.
 * @throws TypeError on a name or option that cannot be.
 */
export function task<Schema extends StandardSchemaV1, Result = unknown>(
  name: string,
  options: TaskOptions<TaskContext<StandardSchemaV1.InferOutput<Schema>>, Result> & { readonly input: Schema },
): TaskDefinition<StandardSchemaV1.InferInput<Schema>, Result>
export function task(
  name: string,
  options: Partial<TaskOptions<TaskContext<never>, unknown> & ThreadOptions> & {
    readonly input?: StandardSchemaV1 | undefined
  },
): TaskDefinition {
  checkName('name', name)
  expectOptions('options', options, known)
  const place = checkThreads(options)
  if (options.input !== undefined) checkSchema('input', options.input)
  if (options.check !== undefined) expectFunction('check', options.check)
  if (options.onComplete !== undefined) expectFunction('onComplete', options.onComplete)
  const { retry = retryPresets.m01, maxCrashes = 3, recurring = false } = options
  if (expectBoolean('recurring', recurring) && options.onComplete === undefined) {
    throw new TypeError('Expected `onComplete` beside `recurring`: it says when the task runs again')
  }
  const settings: TaskSettings = {
    schema: options.input,
    run: place ? () => inThreads() : expectFunction('run', options.run as (context: never) => unknown),
    retry: checkPolicy('retry', retry),
    timeoutMs: options.timeout === undefined ? undefined : durationMs('timeout', options.timeout, 1),
    concurrency:
      place?.threads ??
      (options.concurrency === undefined ? undefined : expectInteger('concurrency', options.concurrency, 1)),
    check: options.check,
    maxCrashes: expectInteger('maxCrashes', maxCrashes, 0),
    retention: checkRetention(options.retention),
    place,
    onComplete: options.onComplete,
    recurring,
  }
  return define(name, settings)
}

/** A definition of settings that were checked. */
export function define<Input, Result>(name: string, settings: TaskSettings): TaskDefinition<Input, Result> {
  const definition = {
    name,
    recurring: settings.recurring ?? false,
    settings,
    with: (input: Input, addOptions: AddOptions = noOptions): NewTask<Input, Result> => ({
      definition,
      input,
      options: addOptions,
    }),
  } as TaskDefinition<Input, Result>
  return Object.freeze(definition)
}

/** What a definition with a file has for `run`: one function for each, as it is told by it. */
function inThreads(): never {
  throw new Error('The handler is the default export of a file, and runs in threads')
}

/** A definition is told by its name, whatever else it is. */
export function notGiven(option: string, kind: 'task' | 'job' | 'definition', value: unknown): TypeError {
  const expectation = `a ${kind} that was given to \`piecework\``
  const named: { readonly name?: unknown; readonly rows?: unknown } =
    typeof value === 'object' && value !== null ? value : {}
  if (typeof named.name !== 'string') return expected(option, expectation, value)
  const what = named.rows ? 'the row dispatcher' : 'the definition of'
  const why = named.rows ? ', which has its work from its source alone' : ''
  return new TypeError(`Expected \`${option}\` to be ${expectation}, got ${what} "${named.name}"${why}`)
}
