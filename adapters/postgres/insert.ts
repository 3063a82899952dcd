/** Inserts rows, as if one after another. */
import type { InsertResult, Row } from '../../src/storage/index.ts'
import type { Names } from './names.ts'
import { bySize, COLUMNS } from './row.ts'
import type { Run } from './session.ts'

/** How often a row is inserted again whose id or key was taken, but by nobody any more when it was asked by whom. */
const ROUNDS_MAX = 20

export function insertText({ row }: Names): string {
  return `insert into ${row} (${COLUMNS}) select ${COLUMNS} from json_to_recordset($1::json) as r(id text, name text,
    state text, priority smallint, wake_at bigint, rev bigint, tries bigint, holder text, key text, parent text,
    done_at bigint, input text, memo text) on conflict do nothing returning id`
}

export function inserter(names: Names): (run: Run, rows: readonly Row[]) => Promise<InsertResult[]> {
  const text = insertText(names)
  const owners = `select id, key from ${names.row} where id = any($1::text[])
    union all select id, key from ${names.row} where key = any($2::text[])`

  /** Inserts rows whose ids differ, so that an id that comes back tells which of them was stored. */
  async function insertOnce(run: Run, rows: readonly Row[], results: Map<Row, InsertResult>): Promise<void> {
    const stored = new Set((await run({ text, values: [JSON.stringify(rows.map(asWritten))] })).map(([id]) => id))
    const refused = rows.filter((row) => !stored.has(row.id))
    for (const row of rows) if (stored.has(row.id)) results.set(row, 'inserted')
    if (refused.length === 0) return
    const keys = refused.flatMap(({ key }) => key ?? [])
    const found = await run({ text: owners, values: [refused.map(({ id }) => id), keys] })
    const ids = new Set(found.map(([id]) => id))
    const byKey = new Map(found.map(([id, key]) => [key, id as string]))
    for (const row of refused) {
      const duplicate = ids.has(row.id) ? row.id : row.key === null ? undefined : byKey.get(row.key)
      if (duplicate !== undefined) results.set(row, { duplicate })
    }
  }

  return async (run, rows) => {
    const results = new Map<Row, InsertResult>()
    for (const part of bySize(rows, ({ input, memo }) => input.length + memo.length)) {
      for (const batch of withDifferentIds(part)) {
        let left = batch
        for (let round = 1; left.length > 0; round++) {
          if (round > ROUNDS_MAX) throw new Error(takenAgain(left[0]))
          await insertOnce(run, left, results)
          left = left.filter((row) => !results.has(row))
        }
      }
    }
    return rows.map((row) => results.get(row) as InsertResult)
  }
}

/** In their order: of two rows with one id or key the first one wins. */
function withDifferentIds(rows: readonly Row[]): Row[][] {
  const batches: Row[][] = []
  let ids = new Set<string>()
  for (const row of rows) {
    if (batches.length === 0 || ids.has(row.id)) {
      batches.push([])
      ids = new Set()
    }
    ids.add(row.id)
    batches.at(-1)?.push(row)
  }
  return batches
}

function takenAgain(row: Row | undefined): string {
  return `The key of the row \`${row?.id}\` was taken and let go again ${ROUNDS_MAX} times`
}

function asWritten(row: Row): object {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    priority: row.priority,
    wake_at: row.wakeAt,
    rev: row.rev,
    tries: row.tries,
    holder: row.holder,
    key: row.key,
    parent: row.parent,
    done_at: row.doneAt,
    input: row.input,
    memo: row.memo,
  }
}
