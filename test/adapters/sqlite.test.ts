/** What the SQLite storage does beyond the contract that the conformance suite holds it to. */
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type BetterDatabase, type SqliteDatabase, type SqliteStorage, sqlite } from '../../adapters/sqlite/index.ts'
import type { Row } from '../../src/storage/index.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'
import { run, startProcess } from './fixtures/sqlite-process.ts'

type BetterSqlite3 = new (path: string, options?: { readonly?: boolean }) => BetterDatabase
const Better: BetterSqlite3 = createRequire(import.meta.url)('better-sqlite3')

const drivers: [string, (file: string) => SqliteDatabase][] = [
  ['node:sqlite', (file) => new DatabaseSync(file)],
  ['better-sqlite3', (file) => new Better(file)],
]

let folder: string
let file: string
const closers: (() => void)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'piecework-'))
  file = join(folder, 'work.db')
})

afterEach(() => {
  for (const close of closers.splice(0)) close()
  rmSync(folder, { recursive: true })
})

function opened(...args: Parameters<typeof sqlite>): SqliteStorage {
  const storage = sqlite(...args)
  closers.push(() => storage.close())
  return storage
}

function connected(connect: (file: string) => SqliteDatabase): SqliteDatabase {
  const db = connect(file)
  closers.push(() => db.close())
  db.exec('pragma journal_mode = wal')
  return db
}

/** What is asked of the file by a connection of its own. */
function ask(sql: string): unknown[][] {
  const db = new DatabaseSync(file)
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  const rows = statement.all() as unknown as unknown[][]
  db.close()
  return rows
}

function withCode(code: string, message: RegExp | string = ''): unknown {
  return expect.objectContaining({ name: 'StorageError', code, message: expect.stringMatching(message) })
}

describe('schema', () => {
  test('UP-03 a newer schema is refused and nothing is written', () => {
    sqlite(file).close()
    const db = new DatabaseSync(file)
    db.exec("update piecework_meta set value = 99 where name = 'schema'; pragma journal_mode = delete")
    db.close()
    const before = readFileSync(file)
    expect(() => sqlite(file)).toThrow(withCode('newer_schema', /version 99/))
    for (const [, connect] of drivers) {
      const passed = connect(file)
      expect(() => sqlite(passed)).toThrow(withCode('newer_schema'))
      passed.close()
    }
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(readdirSync(folder)).toEqual(['work.db'])
  })

  test('DB-12 a file whose tables are there opens while another connection stands still with the write lock', () => {
    sqlite(file).close()
    const holder = new DatabaseSync(file)
    closers.push(() => holder.close())
    holder.exec('begin immediate')
    const storage = opened(file, { busyTimeoutMs: 20 })
    expect(() => storage.insert([aRow('a')])).toThrow(withCode('busy'))
    holder.exec('rollback')
    expect(storage.insert([aRow('a')])).toEqual(['inserted'])
  })

  test('UP-02 DB-12 four processes open a fresh file at once: one makes the tables, and all write', async () => {
    const children = await Promise.all([1, 2, 3, 4].map(() => startProcess(file)))
    const ends = await Promise.all(children.map((child, at) => run(child, { insert: 50, prefix: `${at}-` })))
    expect(ends.map(({ said }) => said)).toEqual([50, 50, 50, 50])
    expect(ask("select value from piecework_meta where name = 'schema'")).toEqual([[1]])
    expect(ask('select count(*) from piecework_row')).toEqual([[200]])
  })

  test('CR-11 a process killed at any statement of the migration leaves nothing, and the next one makes all', async () => {
    let killed = 0
    for (let statement = 1; ; statement++) {
      const { said, signal } = await run(await startProcess(file), { migrateUntil: statement })
      if (signal === null) {
        expect(said).toBe('migrated')
        break
      }
      killed += 1
      expect(signal).toBe('SIGKILL')
      expect(ask('select name from sqlite_master')).toEqual([])
    }
    // begin, seven statements, the version and commit.
    expect(killed).toBe(10)
    expect(opened(file).insert([aRow('a')])).toEqual(['inserted'])
  })

  test('UP-04 an index that somebody dropped is named and refused', () => {
    sqlite(file).close()
    ask('drop index piecework_row_key')
    expect(() => sqlite(file)).toThrow(withCode('not_usable', /piecework_row_key/))
  })

  test('tables of this version are opened without a write', () => {
    sqlite(file).close()
    const before = readFileSync(file)
    sqlite(file).close()
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('two prefixes keep two storages apart in one file', () => {
    const [first, second] = [opened(file), opened(file, { tablePrefix: 'other_' })]
    first.insert([aRow('a')])
    expect(second.get(['a'])).toEqual([undefined])
    expect(second.insert([aRow('a')])).toEqual(['inserted'])
  })
})

describe('a place that cannot serve', () => {
  test('DB-14 a file that is no database is refused and left as it is', () => {
    writeFileSync(file, 'dear diary, '.repeat(1000))
    expect(() => sqlite(file)).toThrow(withCode('not_usable', /not an SQLite database/))
    expect(readFileSync(file, 'utf8')).toBe('dear diary, '.repeat(1000))
  })

  test('DB-14 a damaged file is refused with the cause, and nothing is made anew', () => {
    const storage = sqlite(file)
    storage.insert(manyRows(2000))
    storage.close()
    truncateSync(file, 4096 * 8)
    expect(() => {
      const damaged = opened(file)
      damaged.claim(wanting('resize', 100))
    }).toThrow(withCode('not_usable', /damaged/))
    expect(readFileSync(file).length).toBe(4096 * 8)
  })

  test('DB-14 a file that is deleted or replaced while it is open acknowledges nothing more', () => {
    const replace = () => {
      copyFileSync(file, `${file}.copy`)
      renameSync(`${file}.copy`, file)
    }
    for (const lose of [() => rmSync(file), replace]) {
      const storage = opened(file)
      storage.insert([aRow('a')])
      lose()
      expect(() => storage.insert([aRow('b')])).toThrow(withCode('not_usable', /deleted or replaced/))
      expect(() => storage.now()).toThrow(withCode('not_usable', /deleted or replaced/))
    }
  })

  test('DB-13 a database that cannot be written is refused at the door', () => {
    sqlite(file).close()
    const readOnly = [new DatabaseSync(file, { readOnly: true }), new Better(file, { readonly: true })]
    for (const db of readOnly) {
      expect(() => sqlite(db)).toThrow(withCode('not_usable', /cannot be written/))
      db.close()
    }
  })

  test.each(drivers)('DB-13 a full disk loses no claim, and the work goes on once there is room: %s', (_, connect) => {
    const db = connected(connect)
    const storage = opened(db)
    storage.insert([aRow('a')])
    const [claimed] = storage.claim(wanting('resize', 1)) as [Row]
    const memo = JSON.stringify('x'.repeat(100_000))
    db.exec('pragma max_page_count = 1')
    expect(() => storage.apply([completed(claimed, { memo })])).toThrow(/No space is left/)
    expect(storage.get(['a'])).toEqual([claimed])
    db.exec('pragma max_page_count = 100000')
    expect(storage.apply([completed(claimed, { memo })])).toEqual(['applied'])
  })

  test('a folder, and a folder that is not there, cannot be opened', () => {
    mkdirSync(file)
    expect(() => sqlite(file)).toThrow(withCode('not_usable', /cannot be opened/))
    expect(() => sqlite(join(folder, 'nowhere', 'work.db'))).toThrow(withCode('not_usable', /cannot be opened/))
  })
})

describe('the door', () => {
  test('a Node without node:sqlite is told which one has it', () => {
    const builtin = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    expect(() => sqlite(file)).toThrow(withCode('missing_driver', /Node 22.13 or later, or pass a better-sqlite3/))
    builtin.mockRestore()
  })

  test('options are checked before anything is opened', () => {
    const wrong: [unknown, string][] = [
      [{ synchronous: 3 }, "Expected `synchronous` to be 'full' or 'normal', got `3` (number)"],
      [{ busyTimeoutMs: -1 }, 'Expected `busyTimeoutMs` to be an integer from 0 to 2147483647, got `-1` (number)'],
      [{ busyTimeoutMs: '5s' }, 'Expected `busyTimeoutMs` to be an integer from 0 to 2147483647, got `5s` (string)'],
    ]
    for (const [options, message] of wrong)
      expect(() => sqlite(file, options as object)).toThrow(new TypeError(message))
    for (const tablePrefix of ['', '1_', 'a"b', 'sqlite_', 'x'.repeat(51), 3]) {
      expect(() => sqlite(file, { tablePrefix } as object)).toThrow(/Expected `tablePrefix` to be 1 to 50 letters/)
    }
    expect(readdirSync(folder)).toEqual([])
  })

  test('what is neither a path nor a database is refused', () => {
    for (const database of ['', null, 7, {}]) {
      expect(() => sqlite(database as never)).toThrow(/^Expected `database` to be a path/)
    }
  })

  test('a path is opened in WAL mode and flushed at each commit unless the app says otherwise', () => {
    opened(file)
    expect(ask('pragma journal_mode')).toEqual([['wal']])
    expect(opened(file).traits).toMatchObject({ durable: true, shared: true, order: 'exact' })
    expect(opened(':memory:').traits).toMatchObject({ durable: false, shared: false })
  })
})

describe.each(drivers)('a database of %s', (_, connect) => {
  function numberOf(db: SqliteDatabase, pragma: string): number {
    const [row] = db.prepare(`pragma ${pragma}`).all() as Record<string, number>[]
    return Object.values(row as Record<string, number>)[0] as number
  }

  test('keeps its settings, but for a busy timeout that is shorter', () => {
    const db = connected(connect)
    db.exec('pragma synchronous = 1; pragma busy_timeout = 100; pragma wal_autocheckpoint = 77')
    opened(db)
    expect([numberOf(db, 'synchronous'), numberOf(db, 'wal_autocheckpoint')]).toEqual([1, 77])
    expect(numberOf(db, 'busy_timeout')).toBe(5000)
    db.exec('pragma busy_timeout = 60000')
    opened(db, { synchronous: 'full' })
    expect([numberOf(db, 'synchronous'), numberOf(db, 'busy_timeout')]).toEqual([2, 60_000])
  })

  test('stays open when the storage is closed, and the storage refuses with `closed`', () => {
    const db = connected(connect)
    const storage = sqlite(db)
    storage.close()
    storage.close()
    expect(() => storage.get(['a'])).toThrow(withCode('closed'))
    expect(() => storage.watch(() => {})).toThrow(withCode('closed'))
    db.exec('create table orders (id integer)')
  })

  test('SD-05 that the app closes first makes each call `closed`', () => {
    const db = connect(file)
    const storage = sqlite(db)
    db.close()
    expect(() => storage.get(['a'])).toThrow(withCode('closed'))
    expect(() => storage.insert([aRow('a')])).toThrow(withCode('closed'))
    storage.close()
  })

  test('that has a transaction open makes each write `busy`, so that no rollback undoes what was acknowledged', () => {
    const db = connected(connect)
    const storage = opened(db)
    storage.insert([aRow('due')])
    db.exec('begin')
    for (const call of [
      () => storage.insert([aRow('a')]),
      () => storage.claim(wanting('resize', 1)),
      () => storage.apply([completed(aRow('a'))]),
      () => sqlite(db),
    ]) {
      expect(call).toThrow(withCode('busy', /transaction open/))
    }
    expect(storage.get(['a'])).toEqual([undefined])
    expect(storage.now().error).toBe(0)
    db.exec('commit')
    expect(storage.get(['a'])).toEqual([undefined])
    expect(storage.insert([aRow('a')])).toEqual(['inserted'])
  })

  test('DB-12 that another connection holds makes a write `busy` with the cause, and nothing is done', () => {
    const db = connected(connect)
    const storage = opened(db)
    db.exec('pragma busy_timeout = 0')
    const other = connected(connect)
    other.exec('begin immediate')
    expect(() => storage.insert([aRow('a')])).toThrow(withCode('busy', /locked/))
    expect(storage.get(['a'])).toEqual([undefined])
    // A worker with nothing to do does not even ask for the lock.
    expect(storage.claim(wanting('resize', 1))).toEqual([])
    other.exec('rollback')
  })

  test('may have big integers on', () => {
    const db = connected(connect)
    if ('defaultSafeIntegers' in db) (db as { defaultSafeIntegers(on: boolean): void }).defaultSafeIntegers(true)
    const storage = opened(db)
    storage.insert(manyRows(3))
    expect(storage.claim(wanting('resize', 1))[0]).toMatchObject({ rev: NOON + 1, tries: 1 })
    expect(storage.count({ upTo: 10 })).toEqual({ counts: { resize: { running: 1, waiting: 2 } }, capped: false })
  })

  describe('within', () => {
    test('CR-06 what is written goes with the app: kept at its commit, gone at its rollback', () => {
      const db = connected(connect)
      const storage = opened(db)
      db.exec('create table orders (id integer)')
      for (const [end, id] of [
        ['rollback', 'gone'],
        ['commit', 'kept'],
      ] as const) {
        db.exec('begin immediate; insert into orders values (1)')
        expect(storage.within(db).insert([aRow(id, { key: id })])).toEqual(['inserted'])
        expect(storage.within(db).get([id])).toEqual([aRow(id, { key: id })])
        db.exec(end)
      }
      expect(storage.get(['gone', 'kept'])).toEqual([undefined, aRow('kept', { key: 'kept' })])
      expect(ask('select count(*) from orders')).toEqual([[1]])
    })

    test('DB-10 other writes are `busy` at once while such a transaction is open, instead of stopping the thread that ends it', () => {
      const storage = opened(file)
      storage.insert([aRow('due')])
      const db = connected(connect)
      db.exec('begin immediate')
      storage.within(db).insert([aRow('inside')])
      const asked = performance.now()
      expect(() => storage.claim(wanting('resize', 1))).toThrow(withCode('busy', /transaction open/))
      // The busy timeout is five seconds; this is about none of them having been waited.
      expect(performance.now() - asked).toBeLessThan(2_500)
      db.exec('commit')
      expect(storage.claim(wanting('resize', 2))).toHaveLength(2)
    })

    test('serves a storage that has a connection of its own to the same file', () => {
      const storage = opened(file)
      const db = connected(connect)
      db.exec('begin immediate')
      const inside = storage.within(db)
      const rows = manyRows(60)
      inside.insert(rows)
      expect(storage.get([rows[0]?.id as string])).toEqual([undefined])
      const claimed = inside.claim(wanting('resize', 50)) as Row[]
      expect(inside.apply(claimed.map((row) => completed(row)))).toEqual(claimed.map(() => 'applied'))
      db.exec('commit')
      expect(storage.count({ upTo: 100 }).counts).toEqual({ resize: { completed: 50, waiting: 10 } })
    })

    test('refuses a connection without a transaction, then and later, and one to another file', () => {
      const db = connected(connect)
      const storage = opened(file)
      expect(() => storage.within(db)).toThrow(
        new TypeError('Expected `tx` to have a transaction open, got one that has none'),
      )
      db.exec('begin')
      const inside = storage.within(db)
      db.exec('commit')
      expect(() => inside.insert([aRow('a')])).toThrow(TypeError)
      const other = connect(join(folder, 'other.db'))
      other.exec('begin')
      expect(() => storage.within(other)).toThrow(/^Expected `tx` to be a connection to .*work.db/)
      other.close()
    })

    test('undoes a call that failed half-way and leaves the rest of the transaction to the app', () => {
      const db = connected(connect)
      const storage = opened(db)
      db.exec('create table orders (id integer); begin immediate; insert into orders values (1)')
      const wrong = { ...aRow('b'), memo: null } as unknown as Row
      expect(() => storage.within(db).insert([aRow('a'), wrong])).toThrow()
      db.exec('commit')
      expect(storage.get(['a'])).toEqual([undefined])
      expect(ask('select count(*) from orders')).toEqual([[1]])
    })
  })

  test('DB-30 a claim and an apply look up rows by their indexes and sort nothing', () => {
    const asked = new Set<string>()
    const db = connected(connect)
    const storage = opened({
      prepare: (sql: string) => {
        asked.add(sql)
        return db.prepare(sql)
      },
      exec: (sql: string) => db.exec(sql),
      close: () => {},
      ...('inTransaction' in db ? { inTransaction: false } : { isTransaction: false }),
    } as SqliteDatabase)
    storage.insert(manyRows(100))
    asked.clear()
    const claimed = storage.claim(wanting('resize', 60))
    storage.extend(claimed, NOON + 60_000)
    storage.apply(claimed.map((row) => completed(row)))
    storage.get(['a'])
    storage.find({ parent: 'job', states: ['waiting'] }, 10)
    storage.find({ key: 'a' }, 1)
    storage.find({ doneBefore: NOON }, 10)

    const plans = [...asked].filter((sql) => sql.includes('piecework_row')).map((sql) => [sql, planOf(sql)] as const)
    expect(plans.length).toBeGreaterThanOrEqual(9)
    for (const [sql, plan] of plans) {
      const what = `${sql}\n${plan}`
      expect(what).not.toMatch(/SCAN (piecework_row|r)\b/)
      // The lanes of a claim are few, and sorted by priority; its rows come as they lie in the index.
      if (!sql.startsWith('with recursive')) expect(what).not.toContain('TEMP B-TREE')
      if (sql.includes('wake_at <= +?')) expect(what).toMatch(/USING (COVERING )?INDEX piecework_row_due \(name=\? AND/)
    }

    function planOf(sql: string): string {
      return ask(`explain query plan ${sql}`)
        .map((columns) => columns.at(-1))
        .join('\n')
    }
  })
})

describe('find', () => {
  test('a page looks at 10,000 rows at most, and `after` leads on to rows that are rare', () => {
    const storage = opened(':memory:')
    const rows = manyRows(25_000, { parent: 'job', wakeAt: null }).map((row, at) => ({
      ...row,
      id: `job/${row.id}`,
      state: at % 20_000 === 19_999 ? 'rare' : 'waiting',
    }))
    for (let at = 0; at < rows.length; at += 1000) storage.insert(rows.slice(at, at + 1000))
    const pages: number[] = []
    let after: string | null = ''
    while (after !== null) {
      const page = storage.find({ names: ['resize'], states: ['rare'], after }, 10)
      pages.push(page.rows.length)
      after = page.after
    }
    expect(pages).toEqual([0, 1, 0])
    // By parent a state has its own place in the index: nothing lies between.
    expect(storage.find({ parent: 'job', states: ['rare'] }, 10)).toMatchObject({ rows: [{}], after: null })
  })
})

describe('claim', () => {
  test('merges lanes of several names in exact order, in chunks, and keeps each limit', () => {
    const storage = opened(':memory:')
    const rows = manyRows(400).map((row, at) => ({
      ...row,
      name: `name-${at < 300 ? 0 : at % 5}`,
      priority: at % 2,
      wakeAt: NOON - ((at * 7) % 11),
      tries: at % 3,
    }))
    storage.insert(rows)
    const limits: Record<string, number> = { 'name-0': 90, 'name-1': 3, 'name-2': 100, 'name-3': 100, 'name-4': 1 }
    const expected: string[] = []
    const order = (a: Row, b: Row) =>
      a.priority - b.priority || Number(a.wakeAt) - Number(b.wakeAt) || a.tries - b.tries || (a.id < b.id ? -1 : 1)
    const left = { ...limits }
    for (const row of [...rows].sort(order)) {
      if (expected.length === 120 || left[row.name] === 0) continue
      left[row.name] = (left[row.name] as number) - 1
      expected.push(row.id)
    }
    const wants = Object.entries(limits).map(([name, limit]) => ({ name, limit }))
    const claimed = storage.claim({ wants, limit: 120, holder: 'worker#1', now: NOON, until: NOON + 1 })
    expect(claimed.map(({ id }) => id)).toEqual(expected)
  })
})

describe('watch', () => {
  test('wakes when another process inserts', async () => {
    const storage = opened(file)
    storage.insert([aRow('mine')])
    const woken = new Promise<void>((resolve) => storage.watch(resolve))
    const { said } = await run(await startProcess(file), { insert: 1, prefix: 'theirs-' })
    expect(said).toBe(1)
    await woken
  })

  test('does not wake for its own writes', async () => {
    const storage = opened(file)
    storage.insert([aRow('a')])
    let wakes = 0
    storage.watch(() => {
      wakes += 1
    })
    const log = watch(`${file}-wal`)
    storage.insert(manyRows(100))
    await once(log, 'change')
    log.close()
    expect(wakes).toBe(0)
  })

  test('gives no hint in memory, and ends in silence', () => {
    const storage = opened(':memory:')
    storage.watch(() => {})()
  })
})
