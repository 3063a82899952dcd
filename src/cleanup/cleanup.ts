/** `cleanup({ folder })`: a task that removes what is done, and keeps it elsewhere before. */
import { type Duration, durationMs } from '../core/duration.ts'
import { expected, expectOptions } from '../core/expect.ts'
import type { Cleaned } from '../runner/cleanup/run.ts'
import { define, type TaskDefinition, task } from '../runner/definition.ts'
import type { DoneState } from '../runner/purge.ts'
import type { Completion } from '../runner/recurrence.ts'
import { doneStates } from '../runner/retention.ts'
import { ndjsonSink } from './ndjson-sink.ts'

export interface CleanupOptions {
  /** The definition's name. @default 'cleanup' */
  readonly name?: string
  /** How often; for `work.schedule(definition, definition.schedule)`. @default '1h' */
  readonly every?: Duration
  /**
   * `true`: it needs no schedule. Added once it runs again and again, `every` so long after it has ended, as Party's did; but
   * not after all attempts of one run have failed.
   * @default false
   */
  readonly recurring?: boolean
  /** How long what is done is kept, where its definition has no `retention` of its own. @default '1d' */
  readonly olderThan?: Duration
  /** Which tasks and jobs go. @default all that are done: completed, failed, cancelled */
  readonly states?: readonly DoneState[]
  /** Where the files are. Without it, and where it cannot be written to, what is done goes to an archive in the storage. */
  readonly folder?: string
  /** Over how many bytes a file is put aside for another. @default 5,000,000 */
  readonly maxBytes?: number
  /** How many files of each state there are at most. @default 20 */
  readonly maxFiles?: number
}

/** Give it to `piecework({ definitions })`, and to `work.schedule` with its `schedule`. */
export interface CleanupDefinition extends TaskDefinition<undefined, Cleaned> {
  /** Every hour, or what `every` says; one that takes longer is not joined by a second. */
  readonly schedule: { readonly every: number; readonly overlap: 'skip' }
}

const known = ['name', 'every', 'recurring', 'olderThan', 'states', 'folder', 'maxBytes', 'maxFiles'] as const

/** @throws TypeError on options that cannot be. A folder that cannot be written to is told when the task runs. */
export function cleanup(options: CleanupOptions = {}): CleanupDefinition {
  expectOptions('options', options, known)
  const { name = 'cleanup', every = '1h', olderThan = '1d', states = doneStates, folder, ...files } = options
  const everyMs = durationMs('every', every, 1_000)
  if (!Array.isArray(states) || !states.every((state) => doneStates.includes(state))) {
    throw expected('states', `an array of ${doneStates.join(', ')}`, states)
  }
  const { maxBytes, maxFiles } = files
  if (folder === undefined && (maxBytes ?? maxFiles) !== undefined) {
    throw new TypeError('Expected `maxBytes` and `maxFiles` only beside `folder`')
  }
  const { recurring = false } = options
  const again = {
    recurring,
    onComplete: ({ scheduleNextRun }: Completion) => void scheduleNextRun({ minutes: everyMs / 60_000 }),
  }
  // What is not true is for `task` to refuse.
  const base = task(name, { run: doneByTheInstance, concurrency: 1, ...(recurring === false ? {} : again) })
  const keeping =
    folder === undefined
      ? undefined
      : ndjsonSink({
          folder,
          ...(maxBytes === undefined ? {} : { maxBytes }),
          ...(maxFiles === undefined ? {} : { maxFiles }),
        })
  const definition = define<undefined, Cleaned>(name, {
    ...base.settings,
    place: {
      kind: 'cleanup',
      states: [...new Set(states)],
      olderThanMs: durationMs('olderThan', olderThan),
      keeping: keeping && { sink: keeping, check: () => keeping.check() },
    },
  })
  return Object.freeze({
    ...definition,
    schedule: { every: everyMs, overlap: 'skip' as const },
  })
}

/** Only an instance has the storage. */
function doneByTheInstance(): never {
  throw new Error('A cleanup is run by the instance that it was given to')
}
