/** The statements that only read: what is over its time, what is held, what is known of rows, how many there are. */
import { type HeldRequest, type LapsedRequest, uuidWorkerLength } from '../../../src/storage/index.ts'
import type { Statement } from '../session.ts'
import type { TableForm } from './form.ts'
import type { PostgresCondition } from './options.ts'

/** About a century: further back there is nothing, and far beyond it no time either. */
const AGO_MAX_MS = 3_155_760_000_000

export interface Readers {
  lapsed(request: LapsedRequest): Statement
  held(request: HeldRequest): Statement
  /** The place in `ids` stands before the marks. */
  look(ids: readonly string[]): Statement
  /** State, worker and how many. */
  count(maxTries: number): Statement
}

export function readers(form: TableForm, where: PostgresCondition | undefined): Readers {
  const { table, id, key, sql, marks, token } = form
  const { reservationTime, startTime, endTime, reservationId } = sql.names
  const { active, started } = sql.standings
  const held = `${reservationId} is not null and ${endTime} is null`

  // Sorted by qualified names: a bare one would be the text of the key, as it is selected.
  // Each part is one piece of the index of what is held, and is read no further than to the limit.
  const lapsedPart = (condition: string, overdue: string) =>
    `(select ${marks}, ${overdue} as "$due" from ${table} as "$row" where ${condition}
      order by "$row".${startTime}, "$row".${reservationTime} limit $3)`
  const lapsedText = `select * from (
    ${lapsedPart(`${started} and ${startTime} <= ${form.ago('startTime', '$2')}`, `${form.instant('startTime')} + $2::bigint`)}
    union all
    ${lapsedPart(`${active} and ${reservationTime} <= ${form.ago('reservationTime', '$1')}`, `${form.instant('reservationTime')} + $1::bigint`)}
    union all
    ${lapsedPart(`${active} and ${reservationTime} is null`, '0')}
  ) "$lapsed" order by "$due" limit $3`

  const heldText = (after: string) => `select ${marks}, "$row".* from ${table} as "$row"
    where ${held} and starts_with(${token}, $1::text)${after} order by "$row".${id} limit $2`
  const [heldFromStart, heldAfter] = [heldText(''), heldText(` and ${id} > ($3::text)::${key.cast}`)]

  const lookText = `select "$wanted"."$place", ${marks} from unnest($1::text[]) with ordinality as "$wanted"("$id", "$place")
    join ${table} as "$row" on "$row".${id} = "$wanted"."$id"::${key.cast}`

  const given = where?.values ?? []
  const max = `$${given.length + 1}::bigint`
  const countText = `select "$state", "$worker", count(*) from (
    select ${sql.state(max)} as "$state",
      case when position('#' in ${token}) > 0 then split_part(${token}, '#', 1)
        else left(${token}, ${uuidWorkerLength}) end as "$worker"
    from ${table}${where ? ` where (\n${where.sql}\n)` : ''}
  ) "$each" group by 1, 2`

  return {
    lapsed: ({ startWithinMs, maxDurationMs, limit }) => ({
      text: lapsedText,
      values: [Math.min(startWithinMs, AGO_MAX_MS), Math.min(maxDurationMs, AGO_MAX_MS), limit],
    }),
    held({ prefix = '', after, limit }) {
      if (after === undefined) return { text: heldFromStart, values: [prefix, limit] }
      return { text: heldAfter, values: [prefix, limit, key.textOf(after) ?? null] }
    },
    look: (ids) => ({ text: lookText, values: [ids.map((each) => key.textOf(each) ?? null)] }),
    count: (maxTries) => ({ text: countText, values: [...given, maxTries] }),
  }
}
