/** Postgres as all contenders get it: as many connections at most, and nothing left over from preparing. */
import pg from 'pg'
import { cpuMeter, parentOf } from './server-cpu.ts'

/** What `pg.Pool` has by itself. */
const connectionsMax = 10

/** The listeners are for what is lost after the last query, when nobody waits; graphile-worker asks for them. */
export function openPool(url: string, max: number = connectionsMax): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max })
  pool.on('error', () => {})
  pool.on('connect', (client) => void client.on('error', () => {}))
  return pool
}

/** Statistics are there, pages are on the disk: the server's own hand at that shall not fall into the measurement. */
export async function settleDatabase(pool: pg.Pool): Promise<void> {
  await pool.query('vacuum analyze')
  await pool.query('checkpoint')
}

/** The CPU of the whole server: of its backends, and of those that write for them. */
export async function serverCpuOf(pool: pg.Pool): Promise<(() => number) | undefined> {
  const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
  const pid = rows[0]?.pid
  try {
    return pid === undefined ? undefined : cpuMeter(parentOf(pid), 'postgres')
  } catch {
    return undefined
  }
}
