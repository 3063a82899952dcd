/** Ours on Postgres: in a schema of its database, with a pool as the others have it. */
import { postgres } from 'piecework/postgres'
import type { Home } from './piecework.ts'
import { openPool, serverCpuOf, settleDatabase } from './postgres.ts'

export const schema = 'piecework'

export async function onPostgres(url: string): Promise<Home> {
  const pool = openPool(url)
  return {
    storage: postgres(pool, { schema }),
    settle: () => settleDatabase(pool),
    serverCpuMs: await serverCpuOf(pool),
    close: () => pool.end(),
  }
}
