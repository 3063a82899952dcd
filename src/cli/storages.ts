/** The storage behind `--storage URL`. Each adapter is loaded only when it is meant, and brings its driver in then. */
import { existsSync } from 'node:fs'
import type { Storage } from '../index.ts'
import { UsageError } from './failure.ts'

const forms = 'sqlite:FILE, postgres://..., mongodb://... or dynamodb://TABLE'

/** For the help of each command. What an app gave its adapter has to be said here as well. */
export const storageHelp = `
Storages:
  sqlite:work.db                              [?tablePrefix=...]
  postgres://user@host/database               [?schema=...]
  mongodb://host/database                     [?collectionPrefix=...]
  dynamodb://TABLE?region=...                 [&endpoint=...]`

/** @throws UsageError on a URL that cannot be. It is never repeated whole: there may be a password in it. */
export async function openStorage(url: string | undefined): Promise<Storage> {
  if (!url) throw new UsageError(`Say where the jobs are: --storage ${forms}, or set PIECEWORK_STORAGE`)
  switch (/^([a-z+]+):/.exec(url)?.[1]) {
    case 'sqlite':
      return openSqlite(url)
    case 'postgres':
    case 'postgresql': {
      const { rest, taken } = split(url, ['schema'])
      const { postgres } = await import('../../adapters/postgres/index.ts')
      // Whoever asks after jobs makes no tables, and does not move an app's to another version.
      return postgres(rest, { ...taken, migrate: false })
    }
    case 'mongodb':
    case 'mongodb+srv': {
      const { rest, taken } = split(url, ['collectionPrefix'])
      const { mongo } = await import('../../adapters/mongo/index.ts')
      return mongo(rest, taken)
    }
    case 'dynamodb':
      return openDynamodb(url)
    default:
      throw new UsageError(`Expected --storage to be ${forms}, got ${schemeOf(url)}`)
  }
}

async function openSqlite(url: string): Promise<Storage> {
  const { rest, taken } = splitAll(url, ['tablePrefix'])
  const file = rest.replace(/^sqlite:(\/\/)?/, '')
  // The adapter would make it; a mistyped name would then be an empty storage.
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}`)
  const { sqlite } = await import('../../adapters/sqlite/index.ts')
  return sqlite(file, taken)
}

async function openDynamodb(url: string): Promise<Storage> {
  const { rest, taken } = splitAll(url, ['region', 'endpoint'])
  const { dynamodb } = await import('../../adapters/dynamodb/index.ts')
  return dynamodb(taken, { table: rest.replace(/^dynamodb:(\/\/)?/, '') })
}

/** What a person is told of where something is done: the place, and nothing secret. */
export function targetOf(url = ''): string {
  const { rest, taken } = split(url, ['schema', 'tablePrefix', 'collectionPrefix'])
  const [place = ''] = rest.replace(/\/\/\S*@/, '//').split('?')
  const within = Object.entries(taken).map(([name, value]) => `${name}=${value}`)
  return within.length > 0 ? `${place}?${within.join('&')}` : place
}

type Taken<Name extends string> = { readonly [Key in Name]?: string }

/**
 * Takes what is ours out of a URL's query; the rest is the driver's, to the letter. Not by `URL`, which cannot read what
 * names several hosts.
 */
function split<Name extends string>(url: string, names: readonly Name[]): { rest: string; taken: Taken<Name> } {
  const [base = '', ...queries] = url.split('?')
  const parameters = queries.join('?').split('&').filter(Boolean)
  const taken: { [Key in Name]?: string } = {}
  const others = parameters.filter((parameter) => {
    const [key, value = ''] = parameter.split(/=(.*)/s, 2)
    const name = names.find((one) => one === key)
    if (name !== undefined) taken[name] = decoded(value)
    return name === undefined
  })
  return { rest: others.length > 0 ? `${base}?${others.join('&')}` : base, taken }
}

/** The same for URLs that no driver reads, where any other parameter is a mistake. */
function splitAll<Name extends string>(url: string, names: readonly Name[]): { rest: string; taken: Taken<Name> } {
  const { rest, taken } = split(url, names)
  const [base = '', others] = rest.split('?')
  if (others === undefined) return { rest: base, taken }
  throw new UsageError(`Expected ${schemeOf(url)} to have no parameters but ${names.join(' and ')}`)
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

function schemeOf(url: string): string {
  const [scheme] = /^[\w+.-]{1,20}:/.exec(url) ?? []
  return scheme === undefined ? 'a text without a scheme' : `a URL of ${scheme}`
}
