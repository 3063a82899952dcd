import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { type BetterDatabase, sqlite } from '../../adapters/sqlite/index.ts'
import { conformance, model, race, type Subject } from '../../src/conformance/index.ts'
import { oneFile } from '../servers/one-file.ts'

/** better-sqlite3 comes without types; this is as much of it as an app that passes a database uses. */
interface AppDatabase extends BetterDatabase {
  pragma(source: string): unknown
  close(): unknown
}
const BetterSqlite3 = createRequire(import.meta.url)('better-sqlite3') as new (path: string) => AppDatabase

const folder = mkdtempSync(join(tmpdir(), 'piecework-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const newFile = () => join(folder, `${++files}.db`)
const forget = (file: string) => () => {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true })
}

function onFile(): Subject {
  const file = newFile()
  // A flush at each commit costs time and says nothing here: no case cuts the power.
  const open = () => sqlite(file, { synchronous: 'normal' })
  return { storage: open(), again: open, cleanup: forget(file) }
}

/** A database of node:sqlite that the app has made, which stays the app's to close. */
function onNodeDatabase(): Subject {
  const db = new DatabaseSync(':memory:')
  return { storage: sqlite(db), cleanup: () => db.close() }
}

function onBetterSqlite3(): Subject {
  const file = newFile()
  const dbs: AppDatabase[] = []
  const open = () => {
    const db = new BetterSqlite3(file)
    db.pragma('journal_mode = wal')
    db.pragma('synchronous = normal')
    dbs.push(db)
    return sqlite(db)
  }
  const cleanup = () => {
    for (const db of dbs) db.close()
    forget(file)()
  }
  return { storage: open(), again: open, cleanup }
}

const modes = [
  ['a file through node:sqlite', onFile, 30],
  ["':memory:'", () => sqlite(':memory:'), 300],
  ['a database of node:sqlite', onNodeDatabase, 100],
  ['a database of better-sqlite3', onBetterSqlite3, 30],
] as const

const holder = await oneFile(new URL('./fixtures/sqlite-holder.ts', import.meta.url))

describe.each(modes)('%s', (_, create, histories) => {
  conformance({ test, create })
  model({ test, create, histories })
  race({ test, create, rounds: 60 })
})

describe('processes that share a file', () => {
  const spawnOn = (file: string, flaw = 'none') => {
    return () => fork(holder, [file, flaw], { execArgv: ['--no-warnings'] })
  }

  race({ test, spawn: spawnOn(newFile()), rounds: 100 })
  race({ test, spawn: spawnOn(newFile()), rounds: 100, kills: 2, seed: 100 })

  test.each([
    ['apply is not checked', /writes made rev|not what the log makes|false stale|which is stored/],
    ['claim hands out a row whose lease runs', /two holders have one row|not what the log makes/],
  ])('are found out when %s', async (flaw, complaint) => {
    const runs: Promise<void>[] = []
    race({ test: (_, run) => runs.push(run()), spawn: spawnOn(newFile(), flaw), rounds: 60 })
    await expect(Promise.all(runs)).rejects.toThrow(complaint)
  })
})
