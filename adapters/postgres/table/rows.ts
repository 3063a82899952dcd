/** What comes back of a statement: the marks, which do not depend on the app's parsers, and the user's row, which does. */
import { type ReservedRow, type RowGroup, reservedRow, type SeenRow, standingOf } from '../../../src/storage/index.ts'
import { type Parser, type PgAnswer, type PgClient, parsersOf } from '../driver.ts'
import { type Columns, instantFrom } from '../row.ts'

/** How many columns the marks are. */
const MARKS = 6

/** @param from where the marks begin. */
export function seenFrom(columns: Columns, from = 0): SeenRow {
  const [id, token = null, tries, reserved, started, ended] = columns.slice(from, from + MARKS)
  const has = { reservationId: token !== null, startTime: started !== null, endTime: ended !== null }
  return {
    id: String(id),
    standing: standingOf(has),
    token,
    tries: Number(tries),
    reservedAt: instantFrom(reserved),
    startedAt: instantFrom(started),
    endedAt: instantFrom(ended),
  }
}

/** Rows of marks, which begin at `from`, and of the user's columns behind them. */
export async function reservedFrom<Row>(answer: PgAnswer, client: PgClient, from: number): Promise<ReservedRow<Row>[]> {
  const fields = (answer.fields ?? []).slice(from + MARKS)
  const parsers = await parsersOf(
    client,
    fields.map(({ dataTypeID }) => dataTypeID),
  )
  return (answer.rows as Columns[]).map((columns) => {
    const own = fields.map(({ name }, nth): [string, unknown] => {
      const text = columns[from + MARKS + nth] ?? null
      return [name, text === null ? null : (parsers[nth] as Parser)(text)]
    })
    // A column may be called `__proto__`: entries are defined, not assigned.
    return reservedRow(seenFrom(columns, from), Object.fromEntries(own) as Row)
  })
}

export function groupsFrom(rows: readonly Columns[]): RowGroup[] {
  return rows.map(([state, worker = null, count]) => ({
    state: state as RowGroup['state'],
    worker,
    count: Number(count),
  }))
}
