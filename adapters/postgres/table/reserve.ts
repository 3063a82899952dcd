/** The statement that reserves: chooses, locks, numbers and writes at once. */
import type { ReserveRequest } from '../../../src/storage/index.ts'
import type { Statement } from '../session.ts'
import type { TableForm } from './form.ts'
import type { PostgresCondition } from './options.ts'

/**
 * Names of the statement's own begin with `$`, so that none is a column of the user's. The condition of the user stands
 * where the table alone is in sight and under its own name; its values come first, so that its `$1` is `$1`.
 *
 * A row is locked as an update of it locks it, not as a delete does: a row of another table that refers to it is
 * inserted at the same time. One that somebody else has locked is passed over. What was locked is written by its key:
 * where the user has just changed other columns, it is the new row that is written.
 *
 * `any(array(...))`: a join alone was planned as a scan of the whole table. `case`: a row that the app chose is looked up
 * by its key, and never by going through all that is free.
 */
export function reserver(
  form: TableForm,
  where: PostgresCondition | undefined,
): (request: ReserveRequest) => Statement {
  const { table, id, key, sql } = form
  const given = where?.values ?? []
  const value = (nth: number) => `$${given.length + nth}`
  const [tokens, maxTries, ids] = [`${value(1)}::text[]`, `${value(2)}::bigint`, `${value(3)}::text[]`]
  const limit = `limit cardinality(${tokens})`
  const due = [`${sql.standings.free} and ${sql.tries} < ${maxTries}`, ...(where ? [`(\n${where.sql}\n)`] : [])]
  const token = `(${tokens})["$placed"."$place"]::${form.tokenType}`

  const text = (chosen: string, order: string) => `with "$due" as materialized (
    ${chosen}
  ), "$placed" as (
    select "$key", row_number() over (order by ${order})::integer as "$place" from "$due"
  )
  update ${table} as "$row" set ${sql.assignments('reserve', { token })}
  from "$placed" where "$row".${id} = any(array(select "$key" from "$due")) and "$row".${id} = "$placed"."$key"
  returning "$placed"."$place", ${form.marks}, "$row".*`

  const dueText = text(
    `select ${id} as "$key", ${sql.tries} as "$tries" from ${table} where ${due.join(' and ')}
    order by ${sql.tries}, ${id} ${limit} for no key update skip locked`,
    '"$tries", "$key"',
  )
  const chosenText = text(
    `select "$free"."$key", "$wanted"."$nth" from (
      select * from unnest(${ids}) with ordinality as "$wanted"("$id", "$nth") order by "$nth"
    ) "$wanted" cross join lateral (
      select ${id} as "$key" from ${table}
      where ${id} = "$wanted"."$id"::${key.cast} and case when ${due.join(' and ')} then true end
      for no key update skip locked
    ) "$free" ${limit}`,
    '"$nth"',
  )
  return ({ tokens, maxTries, ids }) =>
    ids
      ? { text: chosenText, values: [...given, tokens, maxTries, ids.map((each) => key.textOf(each) ?? null)] }
      : { text: dueText, values: [...given, tokens, maxTries] }
}
