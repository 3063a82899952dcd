/** A table that is open: its connection, checked, and what is asked of it. */
import { statSync } from 'node:fs'
import { type SourceTraits, StorageError } from '../../../src/storage/index.ts'
import type { Connection } from '../connection.ts'
import { isBusy } from '../errors.ts'
import { fileCheck } from '../file.ts'
import { adoptDatabase, openFile, type SqliteDatabase } from '../open.ts'
import { ownSession, type Session } from '../session.ts'
import { checkFit, type FitTable } from './check.ts'
import type { CheckedTable } from './options.ts'
import { quoted } from './quoted.ts'
import { type TableStatements, tableStatements } from './statements.ts'

export interface Opened {
  readonly database: SqliteDatabase
  readonly traits: SourceTraits
  readonly session: Session
  readonly statements: TableStatements
  close(): void
}

/** @throws StorageError `not_usable` with all that the check found. */
export function openTable(given: string | SqliteDatabase, options: CheckedTable): Opened {
  let fit: FitTable | undefined
  const check = (db: Connection): void => {
    fit = checkFit(db, options)
    refuseReadOnly(db, options)
  }
  if (typeof given === 'string') refuseMissing(given)
  const { db, database } =
    typeof given === 'string'
      ? openFile(given, options, { beforeWrite: check, afterwards: () => {} })
      : { db: adoptDatabase(given, options, 'sqliteTable', check), database: given }
  let isOpen = true
  const refuseClosed = (): void => {
    if (!isOpen) throw new StorageError('closed', `The table ${quoted(options.table)} was closed before this call`)
  }
  const cure = 'what is reserved and written of a table waits for its end'
  return {
    database,
    traits: { tokens: (fit as FitTable).tokens, batchMax: 1000 },
    session: ownSession(db, new Set(), refuseClosed, fileCheck(db.file), cure),
    statements: tableStatements(options, fit as FitTable),
    close() {
      isOpen = false
      if (typeof given === 'string') db.close()
    },
  }
}

/** Asks for the write lock without waiting for it: that somebody has it is no finding. @throws the driver's own error */
function refuseReadOnly(db: Connection, { table, reservationId }: CheckedTable): void {
  const timeoutMs = Number(db.all('pragma busy_timeout')[0]?.[0])
  const name = quoted(reservationId)
  try {
    db.exec('pragma busy_timeout = 0')
    db.exec('begin immediate')
    db.exec(`update ${quoted(table)} set ${name} = ${name} where false`)
  } catch (error) {
    if (!isBusy(error)) throw error
  } finally {
    if (db.isInTransaction()) db.exec('rollback')
    db.exec(`pragma busy_timeout = ${timeoutMs}`)
  }
}

/** SQLite would make an empty file, in which there is no table of the user's. */
function refuseMissing(path: string): void {
  if (path === ':memory:' || statSync(path, { throwIfNoEntry: false })) return
  throw new StorageError('not_usable', `There is no file ${path}: the table has to be there before it is worked from`)
}
