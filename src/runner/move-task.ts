/** Moves one task for somebody: read, decide in core, compare and swap, again if others won. */
import { PieceworkError } from '../core/errors.ts'
import type { Task } from '../core/task.ts'
import { nextRow, taskOf, taskRow, writtenRow } from '../storage/codec.ts'
import type { Row } from '../storage/storage.ts'
import type { Engine } from './engine.ts'

/** Losing so often in a row means that something else is wrong. */
const maxRounds = 100

/**
 * Moves a task. `move` answers the task as it should be, or nothing when it is not to be moved from where it is.
 * Resolves with the row as written, or with nothing.
 * @throws PieceworkError `not_found`, `storage_failed` or `contended`.
 */
export async function moveTask(
  engine: Engine,
  id: string,
  move: (task: Task, now: number, isPart: boolean) => Task | undefined,
): Promise<Row | undefined> {
  const { health, storage, time } = engine
  const holder = engine.newHolder()
  const asked = { doing: `task ${id} was changed`, ids: [id] }
  for (let round = 0; round < maxRounds; round++) {
    const row = taskRow((await health.answer(asked, () => storage.get([id])))[0])
    if (!row) throw new PieceworkError('not_found', `No task has the id ${id}`)
    const task = move(taskOf(row), time.now(), row.parent !== null)
    if (!task) return undefined
    const change = { row, next: nextRow(task, row, holder, storage.traits.rowMaxBytes) }
    const [result] = await health.answer(asked, () => storage.apply([change]))
    if (result === 'applied') return writtenRow(row, change.next)
  }
  throw new PieceworkError('contended', `Others changed task ${id} at each of ${maxRounds} tries`)
}
