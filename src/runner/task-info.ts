/** What `get` tells of a task. */
import type { Instant } from '../core/duration.ts'
import type { ErrorRecord } from '../core/error-record.ts'
import { givenKey } from '../core/name.ts'
import { definitionName, indexOfPart } from '../core/part.ts'
import type { FailureReason, TaskState } from '../core/task.ts'
import { inputOf, taskOf } from '../storage/codec.ts'
import type { Row } from '../storage/storage.ts'

export interface TaskInfo<Input = unknown, Result = unknown> {
  readonly id: string
  /** The definition's name. */
  readonly name: string
  /** Of a part: the job that it belongs to, and which part it is, from 0. */
  readonly jobId: string | undefined
  readonly index: number | undefined
  readonly state: TaskState
  readonly input: Input
  /** What the handler resolved with; `undefined` unless completed. */
  readonly result: Result | undefined
  /** The records of its bad attempts, the oldest first. */
  readonly errors: readonly ErrorRecord[]
  /** Executions begun and not given back, the one under way included. */
  readonly attempts: number
  readonly priority: number
  /** The key, while the task holds it: until it is done. */
  readonly key: string | undefined
  readonly addedAt: Instant
  /** When it was meant to run; stays the same through retries. */
  readonly runAt: Instant
  /** Of a recurring task: when it last ended well. */
  readonly lastRunAt: Instant | undefined
  /** When it is due next, or when its lease ends; `undefined` when it is held or done. */
  readonly wakeAt: Instant | undefined
  readonly doneAt: Instant | undefined
  /** Why it failed; `undefined` unless failed. */
  readonly reason: FailureReason | undefined
  /** What the last attempt last reported. */
  readonly progress: unknown
  /** The first 100 lines that the last attempt logged. */
  readonly logs: readonly string[]
  /** How many items it keeps; read them with `work.items(id)`. */
  readonly itemCount: number
  /** Who runs it or wrote it last. */
  readonly holder: string | undefined
}

export function taskInfo(row: Row): TaskInfo {
  const task = taskOf(row)
  const index = row.parent === null ? undefined : indexOfPart(row.id)
  const completed = task.state === 'completed' ? task : undefined
  return {
    id: task.id,
    name: definitionName(task.name),
    jobId: index === undefined ? undefined : (row.parent ?? undefined),
    index,
    state: task.state,
    input: inputOf(row),
    result: completed?.result,
    errors: task.errors,
    attempts: task.attempts,
    priority: task.priority,
    key: row.key === null ? undefined : givenKey(row.name, row.key),
    addedAt: task.addedAt,
    runAt: task.runAt,
    lastRunAt: task.lastRunAt,
    wakeAt: row.wakeAt ?? undefined,
    doneAt: 'doneAt' in task ? task.doneAt : undefined,
    reason: task.state === 'failed' ? task.reason : undefined,
    progress: task.progress,
    logs: task.logs,
    itemCount: completed?.items?.count ?? 0,
    holder: row.holder ?? undefined,
  }
}
