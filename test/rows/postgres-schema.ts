/** A schema of a test's own on a server that others may use as well: tables are made and found in it by the search path. */
import { randomUUID } from 'node:crypto'
import { Pool } from 'pg'

export interface OwnSchema {
  readonly name: string
  /** Connections to it have the schema as their search path. */
  readonly url: string
  /** Removes it and all that is in it. */
  drop(): Promise<void>
}

/** @param settings more settings of a session, as `TimeZone=...`. */
export async function ownSchema(server: string, ...settings: readonly string[]): Promise<OwnSchema> {
  const name = `rows_${randomUUID().replaceAll('-', '')}`
  const run = async (text: string) => {
    const pool = new Pool({ connectionString: server, max: 1 })
    await pool.query(text).finally(() => pool.end())
  }
  await run(`create schema ${name}`)
  const url = new URL(server)
  url.searchParams.set('options', [`search_path=${name}`, ...settings].map((each) => `-c ${each}`).join(' '))
  return { name, url: url.href, drop: () => run(`drop schema ${name} cascade`) }
}
