/** The methods of the contract over a session: one of the storage's own, or one inside the app's transaction. */
import type { SynchronousStorage } from '../../src/storage/index.ts'
import { applier, extender } from './apply.ts'
import { claim, claimStatements, dueLanes } from './claim.ts'
import { counter } from './count.ts'
import { finder, getRows } from './find.ts'
import { inserter } from './insert.ts'
import type { Names } from './schema.ts'
import type { Session } from './session.ts'

/** The contract but for what belongs to the whole storage. SQLite answers at once, so these are plain values. */
export interface Methods extends Omit<SynchronousStorage, 'traits' | 'now' | 'watch' | 'doctor' | 'close'> {
  now(): { readonly now: number; readonly error: number }
}

/** Whole milliseconds; `unixepoch('subsec')` is younger than some better-sqlite3. */
const NOW = `select cast(round((julianday('now') - 2440587.5) * 86400000) as integer)`

/** Writes the statements once, and then binds them to one session after another. */
export function methodsFor(names: Names): (session: Session) => Methods {
  const insert = inserter(names)
  const apply = applier(names)
  const extend = extender(names)
  const get = getRows(names)
  const find = finder(names)
  const count = counter(names)
  const statements = claimStatements(names)

  return (session) => ({
    insert: (rows) => (rows.length === 0 ? [] : session.write((db) => insert(db, rows))),
    claim(request) {
      const lanes = session.read((db) => dueLanes(db, statements, request))
      // An idle worker asks often: it must not take the write lock from those who work.
      return lanes.size === 0 ? [] : session.write((db) => claim(db, statements, request, lanes))
    },
    extend: (rows, until) => (rows.length === 0 ? [] : session.write((db) => extend(db, rows, until))),
    apply: (changes) => (changes.length === 0 ? [] : session.write((db) => apply(db, changes))),
    get: (ids) => session.read((db) => get(db, ids)),
    // Parts are looked for state by state: one that goes from a state to another meanwhile must not slip through.
    find: (by, limit) => session['parent' in by ? 'snapshot' : 'read']((db) => find(db, by, limit)),
    count: (by) => session.read((db) => count(db, by)),
    now: () => session.read((db) => ({ now: Number(db.all(NOW)[0]?.[0]), error: 0 })),
  })
}
