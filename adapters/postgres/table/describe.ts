/** What the catalog says of a table: its columns, what makes a row unique, what this role may do. */
import type { Run } from '../session.ts'

export interface ColumnFacts {
  /** The type under any domains: its own name for a built-in one (`int8`), as it is spelled in SQL for the others. */
  readonly type: string
  /** As a person writes it: `character varying(20)`. */
  readonly title: string
  /** The most characters of a `varchar(n)`. */
  readonly length: number | undefined
  readonly isNullable: boolean
  /** By itself: no index with a second column, an expression or a condition counts. */
  readonly isUnique: boolean
  readonly isGenerated: boolean
  readonly mayWrite: boolean
}

export interface TableFacts {
  readonly schema: string
  /** `pg_class.relkind`: `r` a table, `p` a partitioned one, `v` a view. */
  readonly kind: string
  readonly hasHeirs: boolean
  readonly mayRead: boolean
  readonly columns: ReadonlyMap<string, ColumnFacts>
  /** The columns of the primary key, in its order. */
  readonly primaryKey: readonly string[]
}

/**
 * A domain is looked through: it is a type with rules of its own, over one that is known here, or over another domain.
 * What bears the length is the first one that has a modifier.
 */
const DESCRIBE = `with recursive place as (
    select c.oid, n.nspname, c.relkind, c.reltype from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1::text)
  ), under as (
    select a.attnum, a.atttypid as type, a.atttypmod as modifier, a.attnotnull as required
    from pg_catalog.pg_attribute a join place on place.oid = a.attrelid where a.attnum > 0 and not a.attisdropped
    union all
    select u.attnum, t.typbasetype, case when u.modifier = -1 then t.typtypmod else u.modifier end,
      u.required or t.typnotnull
    from under u join pg_catalog.pg_type t on t.oid = u.type where t.typtype = 'd'
  )
  select place.nspname, place.relkind,
    exists (select from pg_catalog.pg_inherits i where i.inhparent = place.oid),
    has_table_privilege(place.oid, 'select') or has_any_column_privilege(place.oid, 'select'),
    array_to_json(array(
      select b.attname from pg_catalog.pg_index i cross join unnest(i.indkey) with ordinality k(attnum, nth)
      join pg_catalog.pg_attribute b on b.attrelid = place.oid and b.attnum = k.attnum
      where i.indrelid = place.oid and i.indisprimary and k.nth <= i.indnkeyatts order by k.nth
    )),
    a.attname, case when t.typnamespace = 'pg_catalog'::regnamespace then t.typname::text else format_type(t.oid, null) end,
    format_type(a.atttypid, a.atttypmod), u.modifier, u.required,
    exists (
      select from pg_catalog.pg_index i where i.indrelid = place.oid and i.indisunique and i.indisvalid
        and i.indpred is null and i.indnkeyatts = 1 and i.indkey[0] = a.attnum
    ),
    a.attgenerated <> '' or a.attidentity = 'a', has_column_privilege(place.oid, a.attnum, 'update')
  from place
  left join under u on not exists (select from pg_catalog.pg_type d where d.oid = u.type and d.typtype = 'd')
  left join pg_catalog.pg_type t on t.oid = u.type
  left join pg_catalog.pg_attribute a on a.attrelid = place.oid and a.attnum = u.attnum`

/** `undefined` where there is no such table. @param name quoted, with its schema or to be found by the search path */
export async function describe(run: Run, name: string): Promise<TableFacts | undefined> {
  const rows = await run({ text: DESCRIBE, values: [name] })
  const [first] = rows
  if (!first) return undefined
  const columns = new Map<string, ColumnFacts>()
  for (const row of rows) {
    const [name, type, title, modifier] = row.slice(5)
    // A table without columns is still one.
    if (name == null) continue
    const [required, unique, generated, mayWrite] = row.slice(9).map((value) => value === 't')
    columns.set(name, {
      type: String(type),
      title: String(title),
      // The modifier of a text type is its length and the four bytes of its head.
      length: type === 'varchar' && modifier !== '-1' ? Number(modifier) - 4 : undefined,
      isNullable: !required,
      isUnique: unique === true,
      isGenerated: generated === true,
      mayWrite: mayWrite === true,
    })
  }
  return {
    schema: String(first[0]),
    kind: String(first[1]),
    hasHeirs: first[2] === 't',
    mayRead: first[3] === 't',
    columns,
    primaryKey: JSON.parse(String(first[4])) as string[],
  }
}
