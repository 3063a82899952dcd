/** A table `shop` of SQLite for one test, made by its own SQL, and a source on it that is open. */
import { expect } from 'vitest'
import { type SqliteDatabase, type SqliteTableOptions, sqliteTable } from '../../adapters/sqlite/index.ts'
import type { RowSource } from '../../src/storage/index.ts'
import { drivers, freshPlace } from '../adapters/fixtures/sqlite-place.ts'
import { columnsOfShops } from './source-cases.ts'
import { watched } from './watched.ts'

export const shopOptions = { table: 'shop', ...columnsOfShops }

export interface MadeShop {
  readonly db: SqliteDatabase
  readonly source: RowSource<Record<string, unknown>, SqliteDatabase>
  /** The statements that the source asked since it was opened. */
  readonly asked: Set<string>
  /** By the same connection; each `?` is null. */
  ask(sql: string): Record<string, unknown>[]
}

let made = 0
export const newTokens = (count: number): string[] =>
  Array.from({ length: count }, () => `w:1#${(++made).toString(36)}`)

/** At the top of a test file. What `sql` lacks of the columns is added by the source's own statements. */
export function freshShop() {
  const place = freshPlace()
  return (sql: string, options: Partial<SqliteTableOptions> = {}, connect = drivers[0]![1]): MadeShop => {
    const { database: db, asked } = watched(place.connected(connect))
    db.exec(sql)
    const source = sqliteTable(db, { ...shopOptions, ...options })
    // Never by the other driver: two copies of SQLite in one process undo each other's locks on a file.
    const ask = (question: string) => {
      const nothing = Array.from(question.matchAll(/\?/g), () => null)
      return db.prepare(question).all(...nothing) as Record<string, unknown>[]
    }
    const there = new Set(ask(`select name from pragma_table_info('shop')`).map(({ name }) => name))
    for (const statement of source.statements()) {
      const added = /add column "(.*)" /.exec(statement)?.[1]
      if (!there.has(added)) db.exec(statement)
    }
    source.open()
    asked.clear()
    return { db, source, asked, ask }
  }
}

/** Reserves and starts what is due, or what of these ids is; answers ids. */
export async function started({ source }: MadeShop, ids?: string[]): Promise<string[]> {
  const reserved = await source.reserve({ tokens: newTokens(50), ...(ids && { ids }), maxTries: 5 })
  const starts = reserved.map(({ id, token }) => {
    return { id, token: String(token), on: 'active', move: 'start', maxTries: 5 } as const
  })
  expect(await source.write(starts)).toEqual(reserved.map(() => true))
  const found = reserved.map(({ id }) => id)
  expect((await source.look(found)).map((seen) => seen?.id)).toEqual(found)
  return found
}
