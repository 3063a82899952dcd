/** A claim of one row by its id: by compare-and-set, as the storage's own claim would change it. */
import { PieceworkError } from '../core/errors.ts'
import type { RunningTask } from '../core/task.ts'
import { nextRow, taskOf, writtenRow } from '../storage/codec.ts'
import type { Row } from '../storage/storage.ts'
import type { Engine } from './engine.ts'

/**
 * The row as it is then, or nothing when somebody else changed it first. Asked again while the storage fails.
 * @throws PieceworkError `storage_failed`; `stopped`, where a stop gave up before.
 */
export async function takeRow(engine: Engine, row: Row, leaseMs: number): Promise<Row | undefined> {
  const { storage, health, time, newHolder } = engine
  const task = taskOf(row)
  const running = { ...task, state: 'running', attempts: task.attempts + 1, wakeAt: time.now() + leaseMs }
  const next = nextRow(running as RunningTask, row, newHolder(), storage.traits.rowMaxBytes)
  const asked = { doing: `task ${row.id} was taken`, ids: [row.id] }
  // A write whose answer was lost is known for one's own when it is made again.
  const [result] = await health.answer(asked, () => {
    if (engine.abandoned) throw new PieceworkError('stopped', `This instance was stopped before ${asked.doing}`)
    return storage.apply([{ row, next }])
  })
  return result === 'applied' ? writtenRow(row, next) : undefined
}
