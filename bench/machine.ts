/** What a number cannot be read without: the machine, its disk, the versions, and how busy it was. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { openDatabase } from './contenders/database.ts'

/** The contenders and the drivers under them. */
const packages = Object.keys(manifest().dependencies).filter((name) => name !== 'piecework')

export function machine(folder: string): string {
  const model = cpus()[0]?.model ?? 'of an unknown make'
  const load = loadavg()[0]?.toFixed(1)
  const versions = packages.map((name) => `${name} ${versionOf(name)}`).join(', ')
  return [
    `${cpus().length} cores (${model}), ${process.platform} ${process.arch}, load ${load} at the end.`,
    `Node ${process.versions.node}, ${versions}.`,
    `SQLite ${process.versions.sqlite} in node:sqlite, ${sqliteOfBetterSqlite3()} in better-sqlite3.`,
    `A commit with a flush takes ${flushUs(folder)} us on the disk of ${folder}.`,
  ].join('\n')
}

function manifest(): { dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'))
}

/** From the file: not every package exports its package.json. */
function versionOf(name: string): string {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'node_modules', name, 'package.json'), 'utf8')).version
}

function sqliteOfBetterSqlite3(): unknown {
  const db = new Database(':memory:')
  const version = db.prepare('select sqlite_version()').pluck().get()
  db.close()
  return version
}

function flushUs(parent: string): number {
  const commits = 200
  const folder = mkdtempSync(join(parent, 'piecework-bench-'))
  const db = openDatabase(folder, 'full')
  db.exec('create table flush (number integer)')
  const insert = db.prepare('insert into flush values (?)')
  const start = performance.now()
  for (let number = 0; number < commits; number++) insert.run(number)
  const us = ((performance.now() - start) * 1000) / commits
  db.close()
  rmSync(folder, { recursive: true })
  return Math.round(us)
}
