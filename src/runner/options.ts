/** What `piecework` can be told, checked at the door. */
import { type Duration, durationMs } from '../core/duration.ts'
import { expected, expectFunction, expectInteger, expectOptions } from '../core/expect.ts'
import { checkName } from '../core/name.ts'
import { partName } from '../core/part.ts'
import type { Storage } from '../storage/storage.ts'
import { type Clock, systemClock } from './clock.ts'
import type { TaskDefinition, TaskSettings } from './definition.ts'
import { dispatchJob, dispatchSettings } from './dispatch/definition.ts'
import type { Role } from './engine.ts'
import { defaultLogger, type Logger } from './events.ts'
import type { JobDefinition } from './jobs/definition.ts'
import { noStorage } from './no-storage.ts'
import type { RowDispatcher, RowSettings, RunningDispatcher } from './rows/definition.ts'
import type { WorkerOptions } from './worker-options.ts'

export interface PieceworkOptions extends InstanceOptions {
  /** Where everything durable lives: `memory()`, `sqlite('work.db')`, or an adapter of your own. */
  readonly storage: Storage
  /** What this process can run and add. */
  readonly definitions: readonly (AnyDefinition | RowDispatcher)[]
}

/** Without a storage: row dispatchers that run their rows themselves need none. */
export interface RowsOptions extends InstanceOptions {
  readonly storage?: undefined
  readonly definitions: readonly RunningDispatcher[]
}

export interface InstanceOptions {
  /** The worker's name in holders, logs and explanations. @default 'root' */
  readonly name?: string
  /** The most tasks that this process runs at once. @default 10 */
  readonly concurrency?: number
  /** How long a claim lasts without a sign of life; a crashed process's tasks run again after it. @default the storage's, 30 s */
  readonly lease?: Duration
  /** How often an idle worker asks for due tasks; a hint from the storage comes first where there is one. @default '1s' */
  readonly poll?: Duration
  /** Where messages go. @default warnings and errors to the console */
  readonly logger?: Logger
  /** For tests: a clock of one's own. @default the machine's */
  readonly clock?: Clock
}

/** A definition of any input and result: of a task, or of a job. */
export type AnyDefinition = Pick<TaskDefinition, 'name' | 'settings'> & Partial<Pick<JobDefinition, 'parts' | 'job'>>

/** Tasks fetched ahead that did not begin within this time go back to the storage. */
const patienceMs = 2_000

/** How the rows of one name are run. */
export type NamedSettings = TaskSettings & { readonly role: Role }

/** The options in one form. */
export interface CheckedOptions extends WorkerOptions {
  readonly storage: Storage
  readonly definitions: ReadonlyMap<string, NamedSettings>
  readonly rows: readonly RowSettings[]
  /** The definitions of tasks as they were given, by name. */
  readonly tasks: ReadonlyMap<string, TaskDefinition>
  readonly name: string
  readonly logger: Logger
  readonly clock: Clock
}

const known = ['storage', 'definitions', 'name', 'concurrency', 'lease', 'poll', 'logger', 'clock'] as const
const verbs = ['insert', 'claim', 'extend', 'apply', 'get', 'find', 'count'] as const

/** @throws TypeError naming the option. */
export function checkOptions(options: PieceworkOptions | RowsOptions): CheckedOptions {
  expectOptions('options', options, known)
  const { definitions, rows, tasks } = checkDefinitions(options.definitions)
  for (const dispatcher of rows) checkHandOn(dispatcher, definitions)
  const storage = storageOf(options, definitions.size === 0 ? rows : [])
  const { name = 'root', concurrency = 10, lease = storage.traits.leaseMs, poll = '1s' } = options
  const { logger = defaultLogger, clock = systemClock } = options
  return {
    storage,
    definitions,
    rows,
    tasks,
    name: checkName('name', name),
    concurrency: expectInteger('concurrency', concurrency, 1, 10_000),
    leaseMs: durationMs('lease', lease, 100),
    pollMs: durationMs('poll', poll, 1),
    patienceMs,
    logger: checkMethods('logger', logger, ['info', 'warn', 'error']),
    clock: checkMethods('clock', clock, ['now', 'monotonic', 'after', 'soon']),
  }
}

function storageOf({ storage }: PieceworkOptions | RowsOptions, onlyRows: readonly RowSettings[]): Storage {
  const handingOn = onlyRows.find(({ work }) => work.kind === 'hand_on')
  if (storage === undefined && onlyRows.length > 0 && !handingOn) return noStorage
  const what = handingOn ? `a storage for the tasks of "${handingOn.name}"` : 'a storage'
  return checkStorage('storage', `${what} such as sqlite('work.db')`, storage as Storage)
}

/** @throws TypeError unless it has the contract's verbs, and traits. */
export function checkStorage(option: string, expectation: string, storage: Storage): Storage {
  if (typeof storage !== 'object' || !storage?.traits) throw expected(option, expectation, storage)
  return checkMethods(option, storage, verbs)
}

function checkMethods<T extends object>(option: string, value: T, names: readonly (keyof T & string)[]): T {
  if (typeof value !== 'object' || value === null) throw expected(option, `an object with ${names.join(', ')}`, value)
  for (const name of names) expectFunction(`${option}.${name}`, value[name])
  return value
}

function checkDefinitions(
  given: PieceworkOptions['definitions'],
): Pick<CheckedOptions, 'definitions' | 'rows' | 'tasks'> {
  if (!Array.isArray(given)) throw expected('definitions', 'an array of definitions', given)
  const definitions = new Map<string, NamedSettings>()
  const rows: RowSettings[] = []
  const tasks = new Map<string, TaskDefinition>()
  const names = new Set<string>()
  for (const definition of given as PieceworkOptions['definitions']) {
    const isRows = typeof definition === 'object' && definition !== null && 'rows' in definition
    if (!isRows && typeof definition?.settings?.run !== 'function') {
      const makers = 'task(name, options), job(name, options) or rowDispatcher(name, options)'
      throw expected('definitions', `made of what ${makers} gives`, definition)
    }
    const { name } = definition
    if (names.has(name)) {
      throw new TypeError(`Expected \`definitions\` to have one definition of each name, got "${name}" twice`)
    }
    names.add(name)
    if (isRows) rows.push(definition.rows)
    else for (const [each, settings] of settingsOf(definition)) definitions.set(each, settings)
    if (definitions.get(name)?.role.kind === 'task') tasks.set(name, definition as TaskDefinition)
  }
  return { definitions, rows, tasks }
}

/** Its task may be run elsewhere; run here, it must be the same one. @throws TypeError */
function checkHandOn({ name, work }: RowSettings, definitions: CheckedOptions['definitions']): void {
  if (work.kind === 'run') return
  const { to } = work
  const own = definitions.get(to.name)
  if (own === undefined || (own.role.kind === 'task' && own.run === to.settings.run)) return
  throw new TypeError(
    `Expected \`definitions\` to hold the task that "${name}" hands its rows on as, got another "${to.name}"`,
  )
}

/** By the names that their rows have. */
function settingsOf({ name, settings, parts, job }: AnyDefinition): [string, NamedSettings][] {
  if (parts && job) {
    return [
      [name, { ...settings, role: { kind: 'job', job } }],
      [partName(name), { ...parts, role: { kind: 'part', job } }],
    ]
  }
  const dispatches = dispatchJob(name)
  return [
    [name, { ...settings, role: { kind: 'task', job: dispatches } }],
    [dispatches.name, { ...dispatchSettings, role: { kind: 'job', job: dispatches } }],
  ]
}
