/** PgBouncer in transaction mode, from Debian's package, before the Postgres that `BEHIND_PGBOUNCER` names. */
import { chownSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianFolder, libraryFolder } from './debian.ts'
import { identity, isReady } from './postgres.ts'
import type { Kind, Program } from './server.ts'

/** The libraries of its own that a machine may lack. */
const packages = ['pgbouncer', 'libc-ares2', 'libevent-2.1-7']

export const pgbouncer: Kind = {
  variable: 'PGBOUNCER_URL',
  async find() {
    const installed = '/usr/sbin/pgbouncer'
    if (existsSync(installed)) return program(installed, '')
    const folder = await debianFolder('pgbouncer', packages)
    return typeof folder === 'string' ? program(join(folder, installed), libraryFolder(folder)) : folder
  },
}

function program(file: string, libraries: string): Program {
  return {
    source: file,
    async prepare(home) {
      // Like Postgres it refuses root, and then has to read its configuration as another user.
      const { uid, gid } = identity()
      if (uid !== undefined && gid !== undefined) chownSync(home, uid, gid)
    },
    command(home, port) {
      const config = join(home, 'pgbouncer.ini')
      writeFileSync(config, configuration(new URL(process.env.BEHIND_PGBOUNCER ?? ''), port))
      return { file, args: [config], env: libraries ? { LD_LIBRARY_PATH: libraries } : {}, ...identity() }
    },
    url: (_, port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    answers: (_, port) => isReady(port),
  }
}

/** So few connections to the server that callers meet another session each time. */
function configuration(behind: URL, port: number): string {
  return `[databases]
* = host=${behind.hostname} port=${behind.port} user=${behind.username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
`
}
