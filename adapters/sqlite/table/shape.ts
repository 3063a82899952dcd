/** What a table of the user's own is made of, as SQLite tells it. */
import type { Connection } from '../connection.ts'
import { folded } from './quoted.ts'

/** How a column converts what is put into it, https://sqlite.org/datatype3.html; `none` where no type is declared. */
export type Affinity = 'integer' | 'text' | 'none' | 'blob' | 'real' | 'numeric'

export interface ColumnShape {
  readonly name: string
  /** As it was declared. */
  readonly type: string
  readonly affinity: Affinity
  readonly isNotNull: boolean
  /** The text of its default. */
  readonly preset: string | null
  readonly isGenerated: boolean
  /** Whether no two rows have the same, by the primary key or a unique index on this column alone. */
  readonly isUnique: boolean
}

export interface TableShape {
  readonly kind: 'table' | 'view' | 'virtual'
  /** A strict table refuses what does not fit the type of its column. */
  readonly isStrict: boolean
  /** The columns of the primary key, in its order. */
  readonly key: readonly string[]
  column(name: string): ColumnShape | undefined
}

/** `undefined` where there is no such table in the main database. */
export function shapeOf(db: Connection, table: string): TableShape | undefined {
  const [listed] = db.all(
    `select type, strict from pragma_table_list where schema = 'main' and name = ? collate nocase`,
    table,
  )
  if (!listed) return undefined
  const isStrict = listed[1] === 1
  const parts = db.all(`select name, type, "notnull", dflt_value, pk, hidden from pragma_table_xinfo(?, 'main')`, table)
  const key = parts
    .filter((part) => part[4] !== 0)
    .sort((a, b) => Number(a[4]) - Number(b[4]))
    .map(([name]) => String(name))
  const unique = new Set(uniqueColumns(db, table))
  if (key[0] !== undefined && key.length === 1) unique.add(key[0])
  const columns = new Map<string, ColumnShape>()
  for (const [name, declared, notNull, preset, , hidden] of parts) {
    const type = String(declared ?? '')
    columns.set(folded(String(name)), {
      name: String(name),
      type,
      affinity: affinityOf(type, isStrict),
      isNotNull: notNull === 1,
      preset: preset === null ? null : String(preset),
      isGenerated: hidden === 2 || hidden === 3,
      isUnique: unique.has(String(name)),
    })
  }
  const kind = listed[0] === 'view' || listed[0] === 'virtual' ? listed[0] : 'table'
  return { kind, isStrict, key, column: (name) => columns.get(folded(name)) }
}

/** By unique indexes over all rows and one column. */
function uniqueColumns(db: Connection, table: string): string[] {
  const indexes = db.all(`select name from pragma_index_list(?, 'main') where "unique" = 1 and partial = 0`, table)
  return indexes.flatMap(([index]) => {
    const columns = db.all(`select name from pragma_index_info(?, 'main')`, index as string)
    // An expression has no name.
    return columns.length === 1 && typeof columns[0]?.[0] === 'string' ? [columns[0][0]] : []
  })
}

/** In the order of SQLite's own rules: what contains INT is an integer before it is anything else. */
export function affinityOf(type: string, isStrict = false): Affinity {
  const declared = type.toUpperCase()
  if (declared === '' || (isStrict && declared === 'ANY')) return 'none'
  if (declared.includes('INT')) return 'integer'
  if (/CHAR|CLOB|TEXT/.test(declared)) return 'text'
  if (declared.includes('BLOB')) return 'blob'
  if (/REAL|FLOA|DOUB/.test(declared)) return 'real'
  return 'numeric'
}
