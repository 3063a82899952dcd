/** What all rooms of one instance share: its storage, its clocks, its health, its voice. */
import type { FailureRules } from '../core/task.ts'
import type { Storage } from '../storage/storage.ts'
import type { Clock } from './clock.ts'
import type { TaskContext } from './context.ts'
import type { TaskSettings } from './definition.ts'
import type { Notifier } from './events.ts'
import type { Health } from './health.ts'
import type { JobSettings } from './jobs/definition.ts'
import type { StorageClock } from './storage-clock.ts'
import type { Threads } from './threads/threads.ts'
import type { Turns } from './turns.ts'

/**
 * What the rows of a name are: tasks, the parts of jobs, or jobs, whose rows are their reduces' tasks. A task that has a
 * parent is an execution of a dispatch; `job` is then that.
 */
export interface Role {
  readonly kind: 'task' | 'part' | 'job'
  readonly job: JobSettings
}

/** A definition as the worker uses it: its settings, which are also its rules of failure. */
export type Settings = TaskSettings &
  FailureRules & {
    readonly role: Role
    /** Where this instance does the work otherwise than by calling `run`. */
    readonly perform?: ((context: TaskContext) => unknown) | undefined
  }

export interface Engine {
  readonly storage: Storage
  readonly clock: Clock
  /** What long loops wait for now and then. */
  readonly turns: Turns
  /** The storage's time. */
  readonly time: StorageClock
  readonly health: Health
  readonly notifier: Notifier
  readonly random: () => number
  readonly newId: (now: number) => string
  /** A name for one claim or one operator's call, never used twice by anybody. */
  readonly newHolder: () => string
  /** By the name that their rows have. */
  readonly definitions: ReadonlyMap<string, Settings>
  /** Those of each definition whose handler runs in threads. */
  readonly threads: readonly Threads[]
  /** True from the end of a stop until work begins again: nothing more may be written for attempts. */
  abandoned: boolean
}
