/** How a statement runs: on a connection of the pool and tried again, or inside the transaction that the app has open. */
import { StorageError } from '../../src/storage/index.ts'
import type { PgAnswer, PgClient, PgPool, PgQuery } from './driver.ts'
import { isRetried, meaningOf, meaningOfNoConnection } from './errors.ts'
import type { Columns } from './row.ts'
import { pause, within } from './time.ts'

export interface Statement {
  readonly text: string
  readonly values: unknown[]
}

/** Runs one statement; the rows come as text. */
export type Run = (statement: Statement) => Promise<Columns[]>

/** How often a statement that lost to others is run again; the pauses add up to a few seconds. */
const TRIES_MAX = 10
const PAUSE_MS = 20
const PAUSE_MAX_MS = 500

/** All values as the text that the server sent: the app may have set parsers of its own, for itself or for everybody. */
const asText = { getTypeParser: () => (text: string) => text }

/** No statement has a name and none rests on the one before it: behind a pooler each may meet another session. */
function queryOf({ text, values }: Statement): PgQuery {
  return { text, values, rowMode: 'array', types: asText }
}

/** The statement on this connection, as it comes: no second try, and the driver's own errors. */
export function answerOn(client: PgClient, statement: Statement, limitMs: number): Promise<PgAnswer> {
  const late = () => new Error(`no answer within ${limitMs} ms; whether the statement took effect is not known`)
  return within(client.query(queryOf(statement)), limitMs, late)
}

/** The same, for a statement of which the rows are all that is asked for. */
export async function runOn(client: PgClient, statement: Statement, limitMs: number): Promise<Columns[]> {
  const { rows } = await answerOn(client, statement, limitMs)
  return rows as Columns[]
}

/** Connections of a pool, each for as long as a body needs it. */
export interface Connections {
  use<T>(body: (client: PgClient) => Promise<T>): Promise<T>
}

export function connectionsOf(pool: () => Promise<PgPool>, limitMs: number): Connections {
  let wasReached = false
  const late = () =>
    new StorageError('busy', `No connection within ${limitMs} ms: the pool is used up, or the server does not answer`)

  return {
    async use(body) {
      const connecting = pool().then((opened) => opened.connect())
      const client = await within(connecting, limitMs, late).catch((error: unknown) => {
        // One that comes too late goes back unused.
        connecting.then((unused) => unused.release()).catch(() => {})
        throw meaningOfNoConnection(error, wasReached)
      })
      wasReached = true
      // A connection that breaks while nothing runs on it says so by an event, which would end the process.
      client.on('error', ignore)
      let broken: Error | undefined
      try {
        return await body(client)
      } catch (error) {
        if (!leavesConnectionUsable(error)) broken = error instanceof Error ? error : new Error(String(error))
        throw error
      } finally {
        client.off('error', ignore)
        client.release(broken)
      }
    },
  }
}

export function ignore(): void {}

function leavesConnectionUsable(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && error.severity === 'ERROR'
}

/** Each statement in a transaction of its own, so one that was rolled back because of others can be run again. */
export function ownSession(connections: Connections, before: () => Promise<void>, limitMs: number): Run {
  return async (statement) => {
    await before()
    return again(connections, (client) => runOn(client, statement, limitMs))
  }
}

/** Runs a body of one statement, and runs it again where it was rolled back because of others. */
export async function again<T>(connections: Connections, body: (client: PgClient) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await connections.use(body)
    } catch (error) {
      if (!isRetried(error) || tries === TRIES_MAX) throw meaningOf(error)
      await pause(Math.min(PAUSE_MS * 2 ** tries, PAUSE_MAX_MS))
    }
  }
}

/** The app commits or rolls back. A statement that fails has failed the transaction, so nothing is tried again. */
export function sessionWithin(client: PgClient, before: (run: Run) => Promise<void>, limitMs: number): Run {
  const run: Run = (statement) => runOn(client, statement, limitMs)
  return async (statement) => {
    try {
      await refuseWithoutTransaction(client, run)
      await before(run)
      return await run(statement)
    } catch (error) {
      throw meaningOf(error)
    }
  }
}

/**
 * For a call of several statements of which the first one writes: what fails behind it must not say by its code that
 * nothing was done.
 */
export function asOneCall(run: Run): Run {
  let hasWritten = false
  return async (statement) => {
    try {
      const rows = await run(statement)
      hasWritten = true
      return rows
    } catch (error) {
      if (!hasWritten || !(error instanceof StorageError)) throw error
      throw new Error(`A part of the call may have been done: ${error.message}`, { cause: error })
    }
  }
}

/** In a transaction, `now()` is when it began; outside of one it is when this very statement came. */
const IS_IN_TRANSACTION = { text: 'select now() <> statement_timestamp()', values: [] }

async function refuseWithoutTransaction(client: PgClient, run: Run): Promise<void> {
  if (refuseIdle(client)) return
  const [answer] = await run(IS_IN_TRANSACTION)
  if (answer?.[0] !== 't') throw noTransaction()
}

/** Asks the client itself, which newer versions of `pg` can tell without a question to the server; false if not. */
export function refuseIdle(client: PgClient): boolean {
  const status: unknown = Reflect.get(client, 'getTransactionStatus')
  if (typeof status !== 'function') return false
  const letter: unknown = status.call(client)
  if (letter === 'I') throw noTransaction()
  return letter === 'T' || letter === 'E'
}

function noTransaction(): TypeError {
  return new TypeError('Expected `client` to have a transaction open, got one that has none')
}
