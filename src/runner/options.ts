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
import type { WorkerOptions } from './worker-options.ts'

export interface PieceworkOptions {
  /** Where everything durable lives: `memory()`, `sqlite('work.db')`, or an adapter of your own. */
  readonly storage: Storage
  /** What this process can run and add. */
  readonly definitions: readonly AnyDefinition[]
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
export type RowSettings = TaskSettings & { readonly role: Role }

/** The options in one form. */
export interface CheckedOptions extends WorkerOptions {
  readonly storage: Storage
  readonly definitions: ReadonlyMap<string, RowSettings>
  readonly name: string
  readonly logger: Logger
  readonly clock: Clock
}

const known = ['storage', 'definitions', 'name', 'concurrency', 'lease', 'poll', 'logger', 'clock'] as const
const verbs = ['insert', 'claim', 'extend', 'apply', 'get', 'find', 'count'] as const

/** @throws TypeError naming the option. */
export function checkOptions(options: PieceworkOptions): CheckedOptions {
  expectOptions('options', options, known)
  const storage = checkStorage('storage', "a storage such as sqlite('work.db')", options.storage)
  const { name = 'root', concurrency = 10, lease = storage.traits.leaseMs, poll = '1s' } = options
  const { logger = defaultLogger, clock = systemClock } = options
  return {
    storage,
    definitions: checkDefinitions(options.definitions),
    name: checkName('name', name),
    concurrency: expectInteger('concurrency', concurrency, 1, 10_000),
    leaseMs: durationMs('lease', lease, 100),
    pollMs: durationMs('poll', poll, 1),
    patienceMs,
    logger: checkMethods('logger', logger, ['info', 'warn', 'error']),
    clock: checkMethods('clock', clock, ['now', 'monotonic', 'after', 'soon']),
  }
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

function checkDefinitions(definitions: readonly AnyDefinition[]): Map<string, RowSettings> {
  if (!Array.isArray(definitions)) throw expected('definitions', 'an array of definitions', definitions)
  const byName = new Map<string, RowSettings>()
  for (const definition of definitions as readonly AnyDefinition[]) {
    if (typeof definition?.settings?.run !== 'function') {
      throw expected('definitions', 'made of what task(name, options) or job(name, options) gives', definition)
    }
    if (byName.has(definition.name)) {
      throw new TypeError(
        `Expected \`definitions\` to have one definition of each name, got "${definition.name}" twice`,
      )
    }
    const { name, settings, parts, job } = definition
    if (parts && job) {
      byName.set(name, { ...settings, role: { kind: 'job', job } })
      byName.set(partName(name), { ...parts, role: { kind: 'part', job } })
    } else {
      const dispatches = dispatchJob(name)
      byName.set(name, { ...settings, role: { kind: 'task', job: dispatches } })
      byName.set(dispatches.name, { ...dispatchSettings, role: { kind: 'job', job: dispatches } })
    }
  }
  return byName
}
