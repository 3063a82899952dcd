/** Where the database is: the one that the app passes, or one behind a URL, opened at the first call. */
import type { Db, MongoClient } from 'mongodb'
import { StorageError } from '../../src/storage/index.ts'
import { meaningOf, withoutSecrets } from './errors.ts'
import { expected } from './options.ts'

export interface Place {
  /** The database, whether or not a server answers. */
  database(): Promise<Db>
  /** Ends what this place opened itself. */
  close(): Promise<void>
}

export function placeOf(database: Db | string, callTimeoutMs: number): Place {
  if (typeof database === 'string' && /^mongodb(\+srv)?:\/\//.test(database)) return behind(database, callTimeoutMs)
  if (isDb(database)) return { database: async () => database, close: async () => {} }
  // What was passed may be a URL with a password in it, mistyped.
  const got = typeof database === 'string' ? 'another text' : database
  throw expected('database', 'a Db of the driver `mongodb`, or a URL that begins with `mongodb://`', got)
}

function isDb(value: unknown): value is Db {
  if (typeof value !== 'object' || value === null) return false
  return ['command', 'collection'].every((method) => typeof Reflect.get(value, method) === 'function')
}

function behind(url: string, callTimeoutMs: number): Place {
  let opening: Promise<MongoClient> | undefined
  return {
    async database() {
      opening ??= open(url, callTimeoutMs)
      // A driver that was missing may be there at the next call.
      opening.catch(() => {
        opening = undefined
      })
      return (await opening).db()
    },
    async close() {
      const client = await opening?.catch(() => undefined)
      await client?.close()
    },
  }
}

async function open(url: string, callTimeoutMs: number): Promise<MongoClient> {
  const { MongoClient } = await driver()
  try {
    // Found out well before the whole call has to end, so that the answer can say that nothing was sent.
    const serverSelectionTimeoutMS = Math.ceil(callTimeoutMs / 2)
    return new MongoClient(url, { appName: 'piecework', serverSelectionTimeoutMS })
  } catch (error) {
    // Without the cause: it may quote the URL with its password.
    const reason = error instanceof Error ? withoutSecrets(error.message) : 'no reason is given'
    throw new StorageError('not_usable', `The MongoDB driver cannot read the URL: ${reason}`)
  }
}

async function driver(): Promise<typeof import('mongodb')> {
  try {
    return await import('mongodb')
  } catch (error) {
    throw new StorageError('missing_driver', 'Install `mongodb` to use piecework/mongo', { cause: error })
  }
}

/** What kept the first call from finding the storage ready. A host that has no address is a wrong URL, not an outage. */
export function meaningOfStart(error: unknown): unknown {
  if (error instanceof Error && /ENOTFOUND|querySrv|queryTxt/.test(error.message)) {
    return new StorageError('not_usable', `No MongoDB server has this address: ${withoutSecrets(error.message)}`, {
      cause: error,
    })
  }
  return meaningOf(error, false)
}
