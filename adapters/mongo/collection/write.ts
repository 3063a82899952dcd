/** Moves of reserved rows, each on condition of its token and of where it stands: one command for all of them. */
import type { Document } from 'mongodb'
import type { RowChange } from '../../../src/storage/index.ts'
import type { Call, WriteReply } from '../call.ts'
import { lots } from '../document.ts'
import { documents, type Ground, seenOf } from './documents.ts'

/** Changes in one command. */
const LOT = 1_000

/** What the server says of a text that is no number: how a statement ends that may not be made. */
const CONVERSION_FAILURE = 241

/**
 * A command with many updates answers how many it made, and not which. So an update that may not be made fails, by
 * turning a text into a number, and the server names the place of each that failed. The five fields leave no room for a
 * mark by which a write could be told from the same one of somebody else.
 */
export async function write(ground: Ground, call: Call, changes: readonly RowChange[]): Promise<boolean[]> {
  const written: boolean[] = []
  for (const lot of lots(changes, LOT, ({ id, error }) => id.length + (error?.length ?? 0))) {
    const updates = lot.map((change) => statement(ground, change))
    const reply = await call.write({ update: call.names.row, updates, ordered: false })
    written.push(...(await madeOf(ground, call, lot, reply)))
  }
  return written
}

function statement({ columns, standings, paths, keyOf, assignments }: Ground, change: RowChange): Document {
  const { id, reservationId } = columns
  const token = `$${reservationId}`
  const holds = { $and: [{ $eq: [token, { $literal: change.token }] }, standings[change.on], paths] }
  // Made of a field, or the server would find out before it looks at any document.
  const refused = { $toInt: { $concat: ['not held: ', { $toString: { $ifNull: [`$${columns.startTime}`, ''] } }] } }
  // Of a whole field of the document: within an array without entries nothing would be asked.
  const [top] = reservationId.split('.') as [string]
  return {
    q: { [id]: { $eq: keyOf(change.id) } },
    u: [{ $set: { [top]: { $cond: [holds, `$${top}`, refused] } } }, { $set: assignments(change.move, change) }],
  }
}

async function madeOf(
  ground: Ground,
  call: Call,
  lot: readonly RowChange[],
  { n, writeErrors = [] }: WriteReply,
): Promise<boolean[]> {
  const fault = writeErrors.find(({ code }) => code !== CONVERSION_FAILURE)
  if (fault) throw new Error(`Row ${lot[fault.index]?.id} cannot be written: ${fault.errmsg}`)
  const refused = new Set(writeErrors.map(({ index }) => index))
  if (n + refused.size === lot.length) return lot.map((_, index) => !refused.has(index))
  // The others met no document. One that was removed right behind its write counts as one of them: it is gone as well.
  const { columns, keyOf, projection } = ground
  const keys = lot.map(({ id }) => keyOf(id))
  const found = await documents(call, { [columns.id]: { $in: keys } }, { projection })
  const there = new Set(found.map((document) => seenOf(ground, document).id))
  return lot.map(({ id }, index) => !refused.has(index) && there.has(id))
}
