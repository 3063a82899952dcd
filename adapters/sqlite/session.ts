/** How a call runs: in a transaction of its own, or inside the one that the app has open. */
import { StorageError } from '../../src/storage/index.ts'
import type { Connection } from './connection.ts'
import { meaningOf, withMeaning } from './errors.ts'

/** Runs a method's statements against the connection. */
export interface Session {
  read<T>(body: (db: Connection) => T): T
  /** As `read`, and all its statements see the file as it is at one moment. */
  snapshot<T>(body: (db: Connection) => T): T
  /** All that `body` writes is kept or none of it. */
  write<T>(body: (db: Connection) => T): T
}

/** What an app can do that writes inside a transaction of its own. */
const throughWithin = 'inside it, write through `storage.within(db)`; everything else has to wait for its end'

/**
 * `afterCommit` runs between the commit and the answer, and may still refuse it. `others` are connections of the app in
 * this process: while one of them has a transaction open, waiting for it would stop the very thread that has to end it.
 */
export function ownSession(
  db: Connection,
  others: ReadonlySet<Connection>,
  refuseClosed: () => void,
  afterCommit: () => void,
  cure = throughWithin,
): Session {
  /** What we write inside the app's transaction would go with its rollback, after we had acknowledged it. */
  function refuse(): void {
    refuseClosed()
    if (!isInTransaction(db) && ![...others].some(isInTransaction)) return
    throw new StorageError('busy', `The app has a transaction open: ${cure}`)
  }

  return {
    // Reading inside the app's transaction takes nothing back that was acknowledged; the app sees its own writes.
    read: (body) =>
      withMeaning(() => {
        refuseClosed()
        return body(db)
      }),
    snapshot: (body) =>
      withMeaning(() => {
        refuseClosed()
        // Inside the app's transaction it is so already.
        return isInTransaction(db) ? body(db) : within(db, 'begin', body)
      }),
    write(body) {
      const result = withMeaning(() => {
        refuse()
        // Taking the write lock at the start waits for its turn; a read that turns into a write is refused at once.
        return within(db, 'begin immediate', body)
      })
      afterCommit()
      return result
    },
  }
}

/** The app commits or rolls back. A method that fails half-way undoes its own part, so that the app may go on. */
export function sessionWithin(db: Connection, refuseClosed: () => void): Session {
  function refuse(): void {
    refuseClosed()
    if (!db.isInTransaction()) throw new TypeError('Expected `tx` to have a transaction open, got one that has none')
  }

  const read: Session['read'] = (body) =>
    withMeaning(() => {
      refuse()
      return body(db)
    })

  return {
    read,
    snapshot: read,
    write: (body) =>
      withMeaning(() => {
        refuse()
        db.exec('savepoint piecework')
        return undo(db, 'rollback to piecework; release piecework', () => {
          const made = body(db)
          db.exec('release piecework')
          return made
        })
      }),
  }
}

function isInTransaction(db: Connection): boolean {
  try {
    return db.isInTransaction()
  } catch {
    // The app has closed it.
    return false
  }
}

function within<T>(db: Connection, begin: string, body: (db: Connection) => T): T {
  db.exec(begin)
  return undo(db, 'rollback', () => {
    const made = body(db)
    db.exec('commit')
    return made
  })
}

function undo<T>(db: Connection, how: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    try {
      // A full disk and some I/O errors end the transaction by themselves.
      if (db.isInTransaction()) db.exec(how)
    } catch {
      // The first error is the one that says what happened.
    }
    throw meaningOf(error)
  }
}
