/** `rowDispatcher(name, options)`: work whose queue is the app's own table. */
import { type Duration, durationMs } from '../../core/duration.ts'
import { expected, expectFunction, expectInteger, expectOptions } from '../../core/expect.ts'
import { checkName } from '../../core/name.ts'
import type { RowCounts, RowSource } from '../../storage/row-source.ts'
import type { TaskDefinition } from '../definition.ts'
import type { RowContext } from './context.ts'
import { explainRow } from './explain-row.ts'
import type { FunctionContext, LimitedContext, SlotsContext } from './functions.ts'

/** A key as a database's client answers it: never a whole row. The last two are in clients' types, and no keys. */
export type RowKey =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | { readonly _bsontype: string }
  | null
  | undefined

/** How rows are chosen, and for how long. */
export interface RowDispatcherSettings<Row = unknown, Client = unknown> {
  /** The table or collection: `sqliteTable`, `postgresTable`, `mongoCollection` or `memoryRows`. */
  readonly source: RowSource<Row, Client>
  /** The most rows that are reserved for one worker and not started. @default 5 */
  readonly queueSize?: number
  /** How long a reserved row may wait for its start; then it is anybody's again. @default '15m' */
  readonly startWithin?: Duration
  /**
   * How long a started row may take: then the signal aborts, and whoever comes first takes the row back. A worker that
   * vanished is noticed after this time. @default '15m'
   */
  readonly maxDuration?: Duration
  /** How often a row may be started. @default 5 */
  readonly maxTries?: number
  /** How many rows to reserve now, an integer. @default queueSize - reserved and not started, never below 0 */
  readonly queueSlots?: (context: SlotsContext<Client>) => number | Promise<number>
  /** Whether to reserve rows at all now, as by what credit is left. @default always */
  readonly allowing?: (context: FunctionContext<Client>) => boolean | Promise<boolean>
  /**
   * The keys of rows to reserve, in order. Of these, rows that are reserved, that ended or that have no try left are
   * passed over. @default the rows that are free and not ended and have tries left: fewest tries, then the lowest key
   */
  readonly selecting?: (context: LimitedContext<Client>) => readonly RowKey[] | Promise<readonly RowKey[]>
  /**
   * The keys of rows to free, whatever holds them: reservation, start and end are cleared, tries stay. A row that ended
   * runs again. @default the rows whose start or reservation is over its limit, and that have not ended
   */
  readonly relaunching?: (context: LimitedContext<Client>) => readonly RowKey[] | Promise<readonly RowKey[]>
  /** How many rows one process runs at once. @default the worker's concurrency */
  readonly concurrency?: number
  /** How long a row that failed keeps its place before it may be tried again; shorter than `maxDuration`. @default 0 */
  readonly retryDelay?: Duration
}

export interface RowDispatcherOptions<Row, Client> extends RowDispatcherSettings<Row, Client> {
  /** Works on one row. Resolving is a good end; a throw is a bad one, and the row is tried again; nothing is kept of it. */
  readonly run: (context: RowContext<Row>) => unknown
  readonly handOn?: undefined
  readonly input?: undefined
}

export type HandingOnOptions<Row, Client, Input> = RowDispatcherSettings<Row, Client> & {
  /**
   * Workers elsewhere: each reserved row is added as a task of this definition to the instance's storage, and gets its
   * start and its end by what becomes of the task.
   */
  readonly handOn: TaskDefinition<Input, unknown>
  readonly run?: undefined
} & ([Row] extends [Input] ? Partial<TaskInput<Row, Input>> : TaskInput<Row, Input>)

interface TaskInput<Row, Input> {
  /** What the task is given. @default the row as it is, where that fits the task */
  readonly input: (row: Row) => NoInfer<Input>
}

/** A definition: give it to `piecework({ definitions })`. */
export interface RowDispatcher {
  readonly name: string
  /** Whether the instance needs a storage: for the tasks that rows are handed on as. */
  readonly needsStorage: boolean
  /** How many rows are in which state; the states add up to the total. */
  report(): Promise<RowCounts>
  /** Where a row stands and why, in a sentence or two. @throws PieceworkError `not_found`. */
  explain(key: unknown): Promise<string>
  /** @internal */
  readonly rows: RowSettings
}

/** Runs its rows itself: no table of the library's is needed. */
export interface RunningDispatcher extends RowDispatcher {
  readonly needsStorage: false
}

/** Hands its rows on as tasks. */
export interface HandingOnDispatcher extends RowDispatcher {
  readonly needsStorage: true
}

/** The options with their defaults, checked. */
export interface RowSettings {
  readonly name: string
  readonly source: RowSource
  readonly queueSize: number
  readonly startWithinMs: number
  readonly maxDurationMs: number
  readonly maxTries: number
  readonly retryDelayMs: number
  readonly concurrency: number | undefined
  readonly queueSlots: ((context: SlotsContext<unknown>) => unknown) | undefined
  readonly allowing: ((context: FunctionContext<unknown>) => unknown) | undefined
  readonly selecting: ((context: LimitedContext<unknown>) => unknown) | undefined
  readonly relaunching: ((context: LimitedContext<unknown>) => unknown) | undefined
  readonly work: RowWork
}

type AnyOptions = RowDispatcherOptions<unknown, unknown> | HandingOnOptions<unknown, unknown, unknown>

/** What is done with a reserved row. */
export type RowWork =
  | { readonly kind: 'run'; readonly run: (context: RowContext<unknown>) => unknown }
  | { readonly kind: 'hand_on'; readonly to: TaskDefinition; readonly input: (row: unknown) => unknown }

const functions = ['queueSlots', 'allowing', 'selecting', 'relaunching'] as const
const limits = ['queueSize', 'startWithin', 'maxDuration', 'maxTries', 'concurrency', 'retryDelay'] as const
const known = ['source', ...limits, ...functions, 'run', 'handOn', 'input'] as const
const verbs = ['open', 'client', 'idOf', 'reserve', 'write', 'lapsed', 'held', 'look', 'count', 'now'] as const

/**
 * Defines work on the rows of the app's own table. The defaults are those of Pampa Dispatcher.
 * @throws TypeError on a name or option that cannot be.
 */
export function rowDispatcher<Row, Client, Input>(
  name: string,
  options: HandingOnOptions<Row, Client, Input>,
): HandingOnDispatcher
// The form with `run` stands last: a compiler that finds no form that fits reports against the last.
export function rowDispatcher<Row, Client>(name: string, options: RowDispatcherOptions<Row, Client>): RunningDispatcher
export function rowDispatcher(name: string, options: AnyOptions): RunningDispatcher | HandingOnDispatcher {
  checkName('name', name)
  expectOptions('options', options, known)
  const { startWithin = '15m', maxDuration = '15m', queueSize = 5, maxTries = 5, concurrency, retryDelay = 0 } = options
  for (const each of functions) {
    if (options[each] !== undefined) expectFunction(each, options[each])
  }
  const maxDurationMs = durationMs('maxDuration', maxDuration, 1)
  const retryDelayMs = durationMs('retryDelay', retryDelay)
  if (retryDelayMs >= maxDurationMs) throw expected('retryDelay', `shorter than maxDuration`, retryDelay)
  const source = checkSource(options.source)
  const rows = {
    name,
    source,
    queueSize: expectInteger('queueSize', queueSize, 1),
    startWithinMs: durationMs('startWithin', startWithin, 1),
    maxDurationMs,
    maxTries: expectInteger('maxTries', maxTries, 1),
    retryDelayMs,
    concurrency: concurrency === undefined ? undefined : expectInteger('concurrency', concurrency, 1),
    queueSlots: options.queueSlots,
    allowing: options.allowing,
    selecting: options.selecting,
    relaunching: options.relaunching,
    work: checkWork(options),
  } as RowSettings
  return Object.freeze({
    name,
    needsStorage: rows.work.kind === 'hand_on',
    rows,
    report: async () => {
      await source.open()
      return source.count(rows.maxTries)
    },
    explain: (key: unknown) => explainRow(rows, key),
  })
}

function checkSource(source: RowSource): RowSource {
  const missing = verbs.find((verb) => typeof source?.[verb] !== 'function')
  if (missing === undefined) return source
  const such = "such as sqliteTable(db, { table: 'webpage', ... })"
  throw expected('source', `a table or collection of your own ${such}, with a method \`${missing}\``, source)
}

function checkWork(options: AnyOptions): RowWork {
  const { run, handOn, input } = options
  if (handOn === undefined) {
    if (input !== undefined) throw new TypeError('Expected `input` only beside `handOn`')
    return { kind: 'run', run: expectFunction('run', run) as (context: RowContext<unknown>) => unknown }
  }
  if (run !== undefined) throw new TypeError('Expected either `run` or `handOn`, got both')
  // A job has a `run` as well: its reduce.
  if (typeof handOn?.settings?.run !== 'function' || 'parts' in handOn) {
    throw expected('handOn', 'what task(name, options) gives', handOn)
  }
  const { input: inputOf = (row: unknown) => row } = options
  return { kind: 'hand_on', to: handOn as TaskDefinition, input: expectFunction('input', inputOf) as () => unknown }
}
