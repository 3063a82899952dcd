/** Tasks that are in an SQLite file already, until all are done. */
import { drain } from '../contenders/piecework.ts'
import { onSqlite } from '../contenders/piecework-sqlite.ts'
import { drain as drainPlainjob } from '../contenders/plainjob.ts'
import { drain as drainRaw } from '../contenders/raw-sqlite.ts'
import type { Group, Scenario } from '../scenario.ts'

export const drainSqlite: Scenario = {
  name: 'drain-sqlite',
  about: 'no-op tasks that are already in an SQLite file, until all are done',
  countOf: (tasks) => tasks,
  groups: [
    // Each of its tasks is flushed twice: a fifth of them is time enough.
    group('synchronous NORMAL', 'normal', 1),
    group('synchronous FULL', 'full', 1 / 5),
  ],
}

function group(title: string, synchronous: 'normal' | 'full', share: number): Group {
  return {
    title,
    references: ['plainjob', 'raw loop'],
    contenders: [
      { name: 'piecework node:sqlite, 10 at once', measure: drain(onSqlite('node:sqlite', synchronous), 10) },
      { name: 'piecework node:sqlite, 100 at once', measure: drain(onSqlite('node:sqlite', synchronous), 100) },
      { name: 'piecework better-sqlite3, 10 at once', measure: drain(onSqlite('better-sqlite3', synchronous), 10) },
      { name: 'piecework better-sqlite3, 100 at once', measure: drain(onSqlite('better-sqlite3', synchronous), 100) },
      { name: 'plainjob', share, measure: drainPlainjob(synchronous) },
      { name: 'raw loop', measure: drainRaw(synchronous) },
    ],
  }
}
