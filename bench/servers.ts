/** The database servers of a run: each is started once, and each measurement gets an empty database of its own there. */
import { Redis } from 'ioredis'
import { MongoClient } from 'mongodb'
import pg from 'pg'
import type { KindName } from '../test/servers/kinds.ts'
import type { Missing, Server } from '../test/servers/server.ts'
import { startServer } from '../test/servers/start.ts'

/** What is asked of a server besides running. */
interface Kind {
  /** Version and what decides about its speed, as the server tells it. */
  readonly facts: (url: string) => Promise<string>
  readonly create: (url: string, name: string) => Promise<unknown>
  readonly drop: (url: string, name: string) => Promise<unknown>
  /** Where the database is. @default the server's address with the name as its path */
  readonly address?: (url: string, name: string) => string
}

const kinds: Readonly<Record<string, Kind>> = {
  postgres: {
    facts: (url) => onPostgres(url, postgresFacts),
    create: (url, name) => onPostgres(url, (client) => client.query(`create database ${name}`)),
    drop: (url, name) => onPostgres(url, (client) => client.query(`drop database if exists ${name} with (force)`)),
  },
  mongo: {
    facts: (url) => onMongo(url, mongoFacts),
    // The first write makes it.
    create: async () => {},
    drop: (url, name) => onMongo(url, (client) => client.db(name).dropDatabase()),
  },
  // It has no databases by name: all keys of a contender begin alike.
  redis: {
    facts: (url) => onRedis(url, redisFacts),
    create: async () => {},
    drop: (url, prefix) => onRedis(url, (client) => removeKeys(client, prefix)),
    address: (url, prefix) => `${url}?prefix=${prefix}`,
  },
}

const running = new Map<KindName, Server | Missing>()
let databases = 0

/** The same server at each call, or why there is none. */
export async function serverOf(kindName: KindName): Promise<Server | Missing> {
  const server = running.get(kindName) ?? (await startServer(kindName))
  running.set(kindName, server)
  return server
}

export async function factsOf(kindName: KindName, server: Server): Promise<string> {
  // A package by its name: where it lies on this machine says nothing.
  const source = server.source.replace(/^.*\/node_modules\//, '')
  return `${await kindOf(kindName).facts(server.url)} (${source})`
}

/** Calls `body` with the address of a database that is gone afterwards. */
export async function withDatabase<T>(
  kindName: KindName,
  server: Server,
  body: (url: string) => Promise<T>,
): Promise<T> {
  const kind = kindOf(kindName)
  const name = `piecework_bench_${process.pid}_${++databases}`
  await kind.create(server.url, name)
  try {
    return await body((kind.address ?? addressOf)(server.url, name))
  } finally {
    await kind.drop(server.url, name)
  }
}

export async function stopServers(): Promise<void> {
  for (const server of running.values()) {
    if (!('missing' in server)) await server.stop()
  }
}

function kindOf(kindName: KindName): Kind {
  const kind = kinds[kindName]
  if (!kind) throw new TypeError(`The bench does not know how to use a server of the kind ${kindName}`)
  return kind
}

function addressOf(url: string, database: string): string {
  const address = new URL(url)
  address.pathname = `/${database}`
  return address.href
}

async function onPostgres<T>(url: string, body: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await body(client)
  } finally {
    await client.end()
  }
}

async function onMongo<T>(url: string, body: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url)
  try {
    return await body(client)
  } finally {
    await client.close()
  }
}

async function postgresFacts(client: pg.Client): Promise<string> {
  const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'shared_buffers', 'max_wal_size']
  const { rows } = await client.query<{ name: string; value: string; is_default: boolean }>(
    `select name, current_setting(name) as value, setting = boot_val as is_default from pg_settings
     where name = any($1) order by array_position($1, name)`,
    [names],
  )
  const settings = rows.map(({ name, value }) => `${name} ${value}`).join(', ')
  const version = await client.query<{ server_version: string }>('show server_version')
  const origin = rows.every((row) => row.is_default) ? 'the defaults of the server' : 'not all of them defaults'
  return `PostgreSQL ${version.rows[0]?.server_version}: ${settings}; ${origin}`
}

async function mongoFacts(client: MongoClient): Promise<string> {
  const admin = client.db('admin')
  const { version } = await admin.command({ buildInfo: 1 })
  const { setName } = await admin.command({ hello: 1 })
  const topology = setName ? `replica set ${setName}` : 'standalone'
  return `MongoDB ${version}, ${topology}, all contenders' writes journalled before they count`
}

async function onRedis<T>(url: string, body: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url)
  try {
    return await body(client)
  } finally {
    client.disconnect()
  }
}

async function redisFacts(client: Redis): Promise<string> {
  const version = /redis_version:(\S+)/.exec(await client.info('server'))?.[1]
  const settings = await Promise.all(['appendonly', 'appendfsync'].map((name) => client.config('GET', name)))
  const texts = (settings as string[][]).map((setting) => setting.join(' '))
  return `Redis ${version}: ${texts.join(', ')}`
}

async function removeKeys(client: Redis, prefix: string): Promise<void> {
  for await (const keys of client.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
    if (keys.length > 0) await client.unlink(keys)
  }
}
