/** What people do to single tasks: cancel, retry, release. Read, decide in core, compare and swap, again if others won. */
import { PieceworkError } from '../core/errors.ts'
import type { Task } from '../core/task.ts'
import { nextRow, taskOf, taskRow, writtenRow } from '../storage/codec.ts'
import type { Row } from '../storage/storage.ts'
import type { Engine } from './engine.ts'

/** Losing so often in a row means that something else is wrong. */
const maxRounds = 100

/** How often a storage that fails is asked before the caller is told. */
const maxTries = 4

/**
 * Moves a task. `move` answers the task as it should be, or nothing when it is not to be moved from where it is.
 * Resolves with the row as written, or with nothing.
 * @throws PieceworkError `not_found`, `storage_failed` or `contended`.
 */
export async function moveTask(
  engine: Engine,
  id: string,
  move: (task: Task, now: number) => Task | undefined,
): Promise<Row | undefined> {
  const { health, storage, time } = engine
  const holder = engine.newHolder()
  const enough = (failures: number) => failures >= maxTries
  try {
    for (let round = 0; round < maxRounds; round++) {
      const row = taskRow((await health.through(() => storage.get([id]), enough))[0])
      if (!row) throw new PieceworkError('not_found', `No task has the id ${id}`)
      const task = move(taskOf(row), time.now())
      if (!task) return undefined
      const change = { row, next: nextRow(task, row, holder, storage.traits.rowMaxBytes) }
      const [result] = await health.through(() => storage.apply([change]), enough)
      if (result === 'applied') return writtenRow(row, change.next)
    }
  } catch (cause) {
    if (cause instanceof PieceworkError) throw cause
    throw new PieceworkError('storage_failed', `The storage failed while task ${id} was changed`, { cause, ids: [id] })
  }
  throw new PieceworkError('contended', `Others changed task ${id} at each of ${maxRounds} tries`)
}
