/** Rows and tasks for the tests of the codec. */
import type { Task } from '../../src/core/task.ts'
import { inputText, newRow, nextRow, writtenRow } from '../../src/storage/codec.ts'
import type { Row } from '../../src/storage/storage.ts'

export const now = 1_800_000_000_000

/** The row of a task that was just added. */
export function rowOf(input: unknown, changes: { key?: string; hold?: boolean } = {}): Row {
  const base = { id: 'id', name: 'resize', priority: 5, runAt: now, addedAt: now, attempts: 0, failures: 0, crashes: 0 }
  const empty = { errors: [], logs: [], progress: undefined }
  const facts = { input: inputText(input), key: changes.key, holder: 'app#1', rev: now }
  if (changes.hold) return newRow({ ...base, ...empty, state: 'held' }, facts)
  return newRow({ ...base, ...empty, state: 'waiting', wakeAt: now }, facts)
}

/** The row once it holds this task. */
export function stored(task: Task, row: Row, rowMaxBytes = 1_000_000): Row {
  return writtenRow(row, nextRow(task, row, 'worker#1', rowMaxBytes))
}

/** The UTF-8 bytes of what counts against `rowMaxBytes`. */
export function bytesOf(row: Pick<Row, 'input' | 'memo'>): number {
  return Buffer.byteLength(row.input) + Buffer.byteLength(row.memo)
}

const common = [
  'id',
  'name',
  'priority',
  'attempts',
  'failures',
  'crashes',
  'addedAt',
  'runAt',
  'errors',
  'logs',
  'progress',
]

const own: Record<Task['state'], readonly string[]> = {
  held: [],
  waiting: ['wakeAt'],
  running: ['wakeAt'],
  completed: ['doneAt', 'result', 'items'],
  failed: ['doneAt', 'reason'],
  cancelled: ['doneAt'],
  skipped: ['doneAt'],
}

/** The fields that are true in a task's state; a move may leave others behind, which nobody reads. */
export function truth(task: Task): Record<string, unknown> {
  const fields = ['state', ...common, ...own[task.state]]
  return Object.fromEntries(fields.map((field) => [field, Reflect.get(task, field)]))
}
