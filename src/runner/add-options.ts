/** What `add` can be told about one task, checked at the door. */
import { type Duration, durationMs, type Instant, instant } from '../core/duration.ts'
import { expectBoolean, expectInteger, expectOptions } from '../core/expect.ts'
import { checkId, checkKey } from '../core/name.ts'
import type { Storage } from '../storage/storage.ts'

export interface AddOptions {
  /** How long from now it may not run. @default 0 */
  readonly delay?: Duration
  /** When it may run: a Date or epoch milliseconds. Instead of `delay`. @default now */
  readonly at?: Date | Instant
  /** 0 to 9; 0 runs first. @default 5 */
  readonly priority?: number
  /** At most one unfinished task of this definition has this key; adding another answers `duplicate`. */
  readonly key?: string
  /** The task's id, when the caller wants to choose it; adding the same id again answers `duplicate`. */
  readonly id?: string
  /** `true`: it does not become due until `work.release(id)`. @default false */
  readonly hold?: boolean
}

/** Where an `add` may go instead of the instance's own storage: one bound to the app's own transaction. */
export interface ThroughOptions {
  /** `storage.within(tx)`: the task is there if, and only if, the app's transaction commits. */
  readonly through?: Storage
}

/** The options of a task in one form. When it may run depends on when it is stored. */
export interface Placement {
  readonly id: string | undefined
  readonly key: string | undefined
  readonly priority: number
  readonly hold: boolean
  readonly at: Instant | undefined
  readonly delayMs: number
}

/** The middle of 0 to 9: there is room before and behind. */
export const defaultPriority = 5

/** No options: what most tasks are added with. */
export const noOptions: AddOptions = Object.freeze({})

export const addOptionNames = ['delay', 'at', 'priority', 'key', 'id', 'hold'] as const

const standard = placementOf({})

/** @throws TypeError naming the option. */
export function placementOf(options: AddOptions): Placement {
  if (options === noOptions) return standard
  const { delay, at, priority, key, id, hold } = expectOptions('options', options, addOptionNames)
  if (delay !== undefined && at !== undefined) throw new TypeError('Expected either `delay` or `at`, got both')
  return {
    id: id === undefined ? undefined : checkId('id', id),
    key: key === undefined ? undefined : checkKey('key', key),
    priority: priority === undefined ? defaultPriority : expectInteger('priority', priority, 0, 9),
    hold: hold === undefined ? false : expectBoolean('hold', hold),
    at: at === undefined ? undefined : instant('at', at),
    delayMs: delay === undefined ? 0 : durationMs('delay', delay),
  }
}
