/** Whether a table of the user's own can be worked from: every finding, and what to do about each. */
import {
  maxTokenLength,
  type ReservationColumn,
  reservationColumns,
  StorageError,
  type TokenKind,
} from '../../../src/storage/index.ts'
import type { Connection } from '../connection.ts'
import type { CheckedTable } from './options.ts'
import { folded, quoted } from './quoted.ts'
import { addColumn } from './setup.ts'
import { type Affinity, type ColumnShape, shapeOf, type TableShape } from './shape.ts'

/** Which affinities take what a column is to hold, and how a message names it. */
const fitting: Readonly<Record<ReservationColumn, { readonly by: readonly Affinity[]; readonly what: string }>> = {
  reservationId: { by: ['text', 'numeric', 'none'], what: 'a text' },
  reservationTime: { by: ['text', 'numeric', 'none', 'integer'], what: 'an instant, as a text or an integer' },
  reservationTimes: { by: ['integer', 'numeric', 'none'], what: 'an integer' },
  startTime: { by: ['text', 'numeric', 'none', 'integer'], what: 'an instant, as a text or an integer' },
  endTime: { by: ['text', 'numeric', 'none', 'integer'], what: 'an instant, as a text or an integer' },
  success: { by: ['integer', 'numeric', 'none'], what: '1 or 0' },
  error: { by: ['text', 'numeric', 'none'], what: 'a text' },
}

/** How long a uuid is. */
const uuidLength = 36

/** What the check found out of a table that can serve. */
export interface FitTable {
  readonly tokens: TokenKind
  /** Columns of instants that hold epoch milliseconds; in the others they are texts. */
  readonly numbers: ReadonlySet<ReservationColumn>
}

/** @throws StorageError `not_usable` with all that was found. */
export function checkFit(db: Connection, options: CheckedTable): FitTable {
  const { table } = options
  const shape = shapeOf(db, table)
  if (!shape) refuse(table, [`there is no such table${db.file === null ? '' : ` in ${db.file}`}`])
  if (shape.kind !== 'table') {
    const kind = shape.kind === 'view' ? 'view' : 'virtual table'
    refuse(table, [`it is a ${kind}: name the table itself, and say by \`where\` which rows are meant`])
  }
  const findings = [
    ...keyFindings(db, options, shape),
    ...reservationColumns.flatMap((name) => columnFindings(options, name, shape)),
    ...twins(options),
    ...whereFindings(db, options),
  ]
  if (findings.length > 0) refuse(table, findings)
  const times = ['reservationTime', 'startTime', 'endTime'] as const
  return {
    tokens: lengthOf(shape.column(options.reservationId)) < maxTokenLength ? 'uuid' : 'text',
    numbers: new Set(times.filter((name) => shape.column(options[name])?.affinity === 'integer')),
  }
}

function refuse(table: string, findings: readonly string[]): never {
  const isIncomplete = findings.some((finding) => finding.includes('add column'))
  const hint = isIncomplete ? ['All that the table needs is in `statements()` of its source.'] : []
  const lines = [`The table ${quoted(table)} cannot be used:`, ...findings.map((finding) => `- ${finding}`), ...hint]
  throw new StorageError('not_usable', lines.join('\n'))
}

function keyFindings(db: Connection, { table, id }: CheckedTable, shape: TableShape): string[] {
  const column = shape.column(id)
  const name = quoted(id)
  if (!column) return [`it has no column ${name} for \`id\`: its primary key is (${shape.key.map(quoted).join(', ')})`]
  const findings: string[] = []
  if (column.isGenerated) findings.push(`${name} is generated, and names no row`)
  if (!column.isUnique) {
    const isPart = shape.key.length > 1 && shape.key.some((each) => folded(each) === folded(id))
    const why = isPart ? `is one column of a composite primary key (${shape.key.map(quoted).join(', ')})` : 'is no key'
    findings.push(
      `${name} ${why}, so several rows may have the same: run \`create unique index ${quoted(`${table}_${id}`)} on ${quoted(table)} (${name})\`, or name a column that is unique`,
    )
  }
  if (!['text', 'integer', 'numeric'].includes(column.affinity)) {
    const type = column.type === '' ? 'without a type' : column.type
    findings.push(`${name} is declared ${type}: a key that is read as text is declared as a text or an integer`)
  } else if (column.isUnique && hasUnreadable(db, table, name)) {
    findings.push(`some rows have no text and no integer in ${name}`)
  }
  return findings
}

/** Nulls stand before all other values and bytes behind them: two looks into the index, however many rows there are. */
function hasUnreadable(db: Connection, table: string, id: string): boolean {
  const from = `select 1 from ${quoted(table)} where ${id}`
  const [found] = db.all(`select exists(${from} is null) or exists(${from} >= x'')`)
  return found?.[0] === 1
}

function columnFindings(options: CheckedTable, option: ReservationColumn, shape: TableShape): string[] {
  const name = options[option]
  if (name === undefined) return []
  const column = shape.column(name)
  if (!column) {
    return [`it has no column ${quoted(name)} for \`${option}\`: run \`${addColumn(options.table, name, option)}\``]
  }
  const { by, what } = fitting[option]
  const findings: string[] = []
  const add = (finding: string) => findings.push(`${quoted(name)} ${finding}`)
  if (column.isGenerated) add('is generated, and cannot be written')
  if (!by.includes(column.affinity)) add(`is declared ${column.type}, and is to hold ${what}`)
  if (option === 'reservationId' && lengthOf(column) < uuidLength) {
    add(`is declared ${column.type}, too short for a uuid, which has ${uuidLength} characters`)
  }
  if (option === 'reservationTimes') return findings
  if (column.isNotNull) add('is `not null`, and has to be null while nobody has the row: make it anew without that')
  if (column.preset !== null && !/^null$/i.test(column.preset)) {
    add(`has the default ${column.preset}, and has to be null in a new row: make it anew without that`)
  }
  return findings
}

/** Of a column that says nothing of a length, any text has room. */
function lengthOf(column: ColumnShape | undefined): number {
  if (/uuid|guid|uniqueidentifier/i.test(column?.type ?? '')) return uuidLength
  const declared = /\(\s*(\d+)/.exec(column?.type ?? '')?.[1]
  return declared === undefined ? Number.POSITIVE_INFINITY : Number(declared)
}

/** Names that differ in case alone are one column. */
function twins(options: CheckedTable): string[] {
  const seen = new Map<string, string>()
  return (['id', ...reservationColumns] as const).flatMap((option) => {
    const name = options[option]
    if (name === undefined) return []
    const twin = seen.get(folded(name))
    seen.set(folded(name), option)
    return twin === undefined ? [] : [`\`${option}\` and \`${twin}\` name one column, ${quoted(name)}`]
  })
}

/** One more value than the condition has, so that a `?` without a value is seen: a driver would take null for it. */
function whereFindings(db: Connection, { table, where }: CheckedTable): string[] {
  if (!where) return []
  const mark = 'the last'
  try {
    const [row] = db.all(
      `select (select 1 from ${quoted(table)} where (${where.sql}\n) limit 0), ?`,
      ...where.values,
      mark,
    )
    if (row?.[1] === mark) return []
  } catch (error) {
    return [`its \`where\` cannot be asked: ${error instanceof Error ? error.message : String(error)}`]
  }
  return [`its \`where\` has to have one \`?\` for each of its ${where.values.length} values`]
}
