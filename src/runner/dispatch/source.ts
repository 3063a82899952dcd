/** The items of a dispatch: those of a completed task or job, or any that can be iterated. */
import { PieceworkError } from '../../core/errors.ts'
import { checkStoredId } from '../../core/name.ts'
import { rowId } from '../../core/part.ts'
import type { Engine } from '../engine.ts'
import { itemsOf } from '../list-reader.ts'
import type { ItemSource } from './options.ts'

/** @throws PieceworkError `not_found`, or `not_completed`: half of the items would look like all of them. */
export async function openSource(
  { storage, health }: Engine,
  source: ItemSource,
): Promise<Iterable<unknown> | AsyncIterable<unknown>> {
  if (typeof source !== 'string') return source
  const id = rowId(checkStoredId('items', source))
  const [row] = await health.answer({ doing: `${id} was looked up`, ids: [] }, () => storage.get([id]))
  if (!row) throw new PieceworkError('not_found', `No task or job has the id ${id}`)
  if (row.state === 'completed') return itemsOf(storage, row)
  throw new PieceworkError(
    'not_completed',
    `The items of ${id} cannot be dispatched: it is ${row.state}, not completed`,
  )
}
