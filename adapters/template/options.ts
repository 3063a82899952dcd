/** What the storage may be told, checked at the door: a wrong option is a TypeError before anything is opened. */
import type { Client } from './database/client.ts'

export interface TemplateOptions {
  /** The port of a server, to which the storage opens a connection of its own and closes it on `close()`. */
  readonly port?: number
  /** Instead: a client of the app, which stays open on `close()`. */
  readonly client?: Client
  /**
   * What the names of the tables begin with. Several storages may share a database under different prefixes.
   * @default 'piecework_'
   */
  readonly prefix?: string
}

export type CheckedOptions =
  | { readonly client: Client; readonly port: undefined; readonly prefix: string }
  | { readonly client: undefined; readonly port: number; readonly prefix: string }

const known = ['port', 'client', 'prefix']

export function checkOptions(options: TemplateOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw expected('options', 'an object', options)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw expected('options', `an object with only ${known.join(', ')}`, unknown)
  const { port, client, prefix = 'piecework_' } = options
  // A prefix goes into the name of every table: nothing that your query language could take for a part of itself.
  if (typeof prefix !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]{0,49}$/.test(prefix)) {
    throw expected('prefix', '1 to 50 letters, digits and underscores that begin with no digit', prefix)
  }
  if (client !== undefined && port === undefined) return { client, port, prefix }
  if (client !== undefined || port === undefined) throw expected('options', 'given either `port` or `client`', options)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw expected('port', 'an integer from 1 to 65535', port)
  return { client, port, prefix }
}

function expected(name: string, wanted: string, got: unknown): TypeError {
  return new TypeError(`Expected \`${name}\` to be ${wanted}, got \`${String(got)}\` (${typeof got})`)
}
