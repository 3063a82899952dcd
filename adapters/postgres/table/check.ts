/** Whether a table can serve: every finding at once, each with what to do about it. */
import {
  maxTokenLength,
  type ReservationColumn,
  reservationColumns,
  StorageError,
  type TokenKind,
} from '../../../src/storage/index.ts'
import { quoted } from '../names.ts'
import type { ColumnFacts, TableFacts } from './describe.ts'
import { keyTypes } from './key.ts'
import type { CheckedTableOptions } from './options.ts'
import { addColumn, tableName } from './setup.ts'

/** How many characters a uuid has. */
const UUID_LENGTH = 36

const times = ['timestamptz', 'timestamp', 'int8']
const integers = ['int2', 'int4', 'int8']

const fitting: Readonly<Record<ReservationColumn, readonly [types: readonly string[], said: string]>> = {
  reservationId: [['text', 'varchar', 'uuid'], 'text, varchar or uuid'],
  reservationTime: [times, 'timestamptz, timestamp (then in UTC) or bigint (then epoch milliseconds)'],
  reservationTimes: [integers, 'integer, bigint or smallint'],
  startTime: [times, 'timestamptz, timestamp (then in UTC) or bigint (then epoch milliseconds)'],
  endTime: [times, 'timestamptz, timestamp (then in UTC) or bigint (then epoch milliseconds)'],
  success: [['bool', ...integers], 'boolean, smallint or integer'],
  error: [['text', 'varchar'], 'text or varchar'],
}

/** What is wrong with the table, a sentence each. */
export function findings(options: CheckedTableOptions, facts: TableFacts | undefined): string[] {
  const name = tableName(options)
  if (!facts) {
    const where = options.schema === undefined ? ' in a schema of the search path' : ''
    return [`There is no such table${where}.`]
  }
  if (facts.kind !== 'r' && facts.kind !== 'p') {
    return [
      `It is ${kinds[facts.kind] ?? 'no table'}: name the table itself, and say by \`where\` which rows are meant.`,
    ]
  }
  const found = [...keyFindings(options, facts)]
  if (facts.kind === 'r' && facts.hasHeirs) {
    found.push('Other tables inherit from it, and no key is unique in all of them: name one of those.')
  }
  if (!facts.mayRead) found.push(`This role may not read it: grant select on ${name} to the role.`)
  const refused = reservationColumns.filter((each) => facts.columns.get(String(options[each]))?.mayWrite === false)
  if (refused.length > 0) {
    const columns = refused.map((each) => quoted(String(options[each]))).join(', ')
    found.push(`This role may not write all of its columns: grant update (${columns}) on ${name} to the role.`)
  }
  const present = reservationColumns.filter((column) => options[column] !== undefined)
  return [...found, ...present.flatMap((column) => columnFindings(options, column, facts))]
}

export function refuse(options: CheckedTableOptions, found: readonly string[]): StorageError {
  const missing = found.some((each) => each.includes('add column'))
  const hint = missing ? ['All that the table needs is in `statements()` of its source.'] : []
  const text = [`The table ${tableName(options)} cannot be used:`, ...found.map((each) => `- ${each}`), ...hint]
  return new StorageError('not_usable', text.join('\n'))
}

const kinds: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
  S: 'a sequence',
}

function keyFindings({ id, ...options }: CheckedTableOptions, { columns, primaryKey }: TableFacts): string[] {
  const key = columns.get(id)
  const name = tableName(options)
  if (!key) return [`There is no column ${quoted(id)}, which \`id\` names.`]
  const found: string[] = []
  if (!key.isUnique) {
    const isPart = primaryKey.length > 1 && primaryKey.includes(id)
    const composite = `is a part of the primary key (${primaryKey.map(quoted).join(', ')}) and not unique by itself. `
    found.push(
      `${quoted(id)} ${isPart ? composite : 'is not unique. '}\`id\` has to name one column that tells rows apart: alter table ${name} add unique (${quoted(id)}), or add a column that is one.`,
    )
  }
  if (key.isNullable) {
    found.push(`${quoted(id)} may be null: alter table ${name} alter column ${quoted(id)} set not null`)
  }
  if (!keyTypes.has(key.type)) {
    found.push(`${quoted(id)} is ${key.title}, and a key has to be uuid, smallint, integer, bigint, text or varchar.`)
  }
  return found
}

function columnFindings(options: CheckedTableOptions, column: ReservationColumn, { columns }: TableFacts): string[] {
  const title = quoted(String(options[column]))
  const facts = columns.get(String(options[column]))
  if (!facts) return [`There is no column ${title}, which \`${column}\` names: ${addColumn(options, column)}`]
  const alter = `alter table ${tableName(options)} alter column ${title}`
  const [types, said] = fitting[column]
  const found: string[] = []
  if (!types.includes(facts.type)) found.push(`${title} is ${facts.title}, and \`${column}\` has to be ${said}.`)
  else if (column === 'reservationId' && !tokensOf(facts)) {
    found.push(`${title} is ${facts.title}, too short for a reservation id: ${alter} type varchar(${maxTokenLength})`)
  }
  if (facts.isGenerated) found.push(`${title} is generated by the database, and \`${column}\` has to be written.`)
  else if (!facts.isNullable && column !== 'reservationTimes') {
    found.push(`${title} has to be null in a row that nobody holds: ${alter} drop not null`)
  }
  return found
}

/** What fits into the column of the reservation id: a token as text, or at least a uuid. */
export function tokensOf({ type, length }: ColumnFacts): TokenKind | undefined {
  if (type === 'uuid') return 'uuid'
  if (length === undefined || length >= maxTokenLength) return 'text'
  return length >= UUID_LENGTH ? 'uuid' : undefined
}
