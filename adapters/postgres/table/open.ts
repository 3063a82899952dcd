/** Looks at a table once, and makes of it what its source works with. */
import type { SourceTraits } from '../../../src/storage/index.ts'
import { messageOf } from '../errors.ts'
import type { Run } from '../session.ts'
import { findings, refuse, tokensOf } from './check.ts'
import { type ColumnFacts, describe } from './describe.ts'
import { formOf, type TableForm } from './form.ts'
import type { CheckedTableOptions, PostgresCondition } from './options.ts'
import { type Readers, readers } from './read.ts'
import { reserver } from './reserve.ts'
import { tableName } from './setup.ts'
import { writer } from './write.ts'

/** What is known once the table was checked. */
export interface Opened {
  readonly traits: SourceTraits
  readonly form: TableForm
  readonly reserve: ReturnType<typeof reserver>
  readonly write: ReturnType<typeof writer>
  readonly read: Readers
}

/** @throws StorageError `not_usable` with all that was found. */
export async function openTable(run: Run, options: CheckedTableOptions): Promise<Opened> {
  const { where } = options
  const facts = await describe(run, tableName(options))
  const found = findings(options, facts)
  if (!facts || found.length > 0) throw refuse(options, found)
  const form = formOf(options, facts)
  if (where) await tryOut(run, options, form, where)
  const tokens = tokensOf(facts.columns.get(options.reservationId) as ColumnFacts) ?? 'uuid'
  const [reserve, write, read] = [reserver(form, where), writer(form), readers(form, where)]
  return { traits: { tokens, batchMax: 1000 }, form, reserve, write, read }
}

async function tryOut(
  run: Run,
  options: CheckedTableOptions,
  form: TableForm,
  where: PostgresCondition,
): Promise<void> {
  const { sql, values = [] } = where
  try {
    await run({ text: `select from ${form.table} where (\n${sql}\n) limit 0`, values: [...values] })
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    // An error of the server itself: it is about the statement.
    if (!(cause instanceof Error && 'severity' in cause)) throw error
    throw refuse(options, [`\`where\` is no condition on its rows: ${messageOf(cause)}`])
  }
}
