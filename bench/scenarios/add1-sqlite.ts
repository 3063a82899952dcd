/** Single adds, as an app's request handlers make them. */
import { addSingly } from '../contenders/piecework.ts'
import { onSqlite } from '../contenders/piecework-sqlite.ts'
import { addSingly as addSinglyPlainjob } from '../contenders/plainjob.ts'
import { addRows } from '../contenders/raw-sqlite.ts'
import type { Group, Scenario } from '../scenario.ts'

const inFlight = 100

export const add1Sqlite: Scenario = {
  name: 'add1-sqlite',
  about: `single adds into an SQLite file, ${inFlight} in flight; each resolves once it is stored`,
  countOf: (tasks) => Math.ceil(tasks / 5),
  groups: [group('synchronous NORMAL', 'normal'), group('synchronous FULL', 'full')],
}

function group(title: string, synchronous: 'normal' | 'full'): Group {
  return {
    title,
    references: ['plainjob', 'raw, 1 row a commit', `raw, ${inFlight} rows a commit`],
    contenders: [
      { name: 'piecework node:sqlite', measure: addSingly(onSqlite('node:sqlite', synchronous), inFlight) },
      { name: 'piecework better-sqlite3', measure: addSingly(onSqlite('better-sqlite3', synchronous), inFlight) },
      { name: 'plainjob', measure: addSinglyPlainjob(synchronous) },
      { name: 'raw, 1 row a commit', measure: addRows(synchronous, 1) },
      { name: `raw, ${inFlight} rows a commit`, measure: addRows(synchronous, inFlight) },
    ],
  }
}
