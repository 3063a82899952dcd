/** Where processes meet: a storage of each durable kind, by an address that goes on a command line. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Storage } from '../../src/storage/index.ts'

/** Enough to open the same storage from any process. */
export type Address = SqliteAddress | PostgresAddress | MongoAddress | DynamoAddress

export interface SqliteAddress {
  readonly kind: 'sqlite'
  readonly file: string
}

export interface PostgresAddress {
  readonly kind: 'postgres'
  readonly url: string
  readonly schema: string
  /** How many connections a process may have. */
  readonly connections?: number
}

export interface MongoAddress {
  readonly kind: 'mongo'
  readonly url: string
  readonly collectionPrefix: string
}

export interface DynamoAddress {
  readonly kind: 'dynamodb'
  readonly endpoint: string
  readonly table: string
}

/** Loads one adapter alone: the processes of a test start a hundred times. */
export async function openAt(address: Address): Promise<Storage> {
  switch (address.kind) {
    case 'sqlite': {
      const { sqlite } = await import('../../adapters/sqlite/index.ts')
      return sqlite(address.file)
    }
    case 'postgres': {
      const { postgres } = await import('../../adapters/postgres/index.ts')
      const { Pool } = await import('pg')
      const { url, schema, connections } = address
      if (connections === undefined) return postgres(url, { schema })
      const pool = new Pool({ connectionString: url, max: connections })
      // Left open as an app would: at the end of a test its server goes before it.
      pool.on('error', () => {})
      return postgres(pool, { schema })
    }
    case 'mongo': {
      const { mongo } = await import('../../adapters/mongo/index.ts')
      return mongo(address.url, { collectionPrefix: address.collectionPrefix })
    }
    case 'dynamodb': {
      const { createTable, dynamodb } = await import('../../adapters/dynamodb/index.ts')
      const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb')
      const { endpoint, table } = address
      // The servers of the tests take any credentials; they must only be there.
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
      const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials })
      await createTable(client, { table })
      return dynamodb(client, { table })
    }
  }
}

/** The address that stands in an argument, as `JSON.stringify` wrote it. */
export function addressIn(argument: string | undefined): Address {
  return JSON.parse(argument ?? '') as Address
}

/** Fresh addresses on one server, or in one folder. */
export interface Place<A extends Address = Address> {
  fresh(): A
}

/** @param folder that the test removes. */
export function sqlitePlace(folder: string): Place<SqliteAddress> {
  return { fresh: () => ({ kind: 'sqlite', file: join(folder, `${randomUUID()}.db`) }) }
}

export function postgresPlace(url: string): Place<PostgresAddress> {
  return { fresh: () => ({ kind: 'postgres', url, schema: `t_${randomUUID()}` }) }
}

export function mongoPlace(url: string): Place<MongoAddress> {
  return { fresh: () => ({ kind: 'mongo', url, collectionPrefix: `t_${randomUUID()}_` }) }
}

export function dynamoPlace(endpoint: string): Place<DynamoAddress> {
  return { fresh: () => ({ kind: 'dynamodb', endpoint, table: `t-${randomUUID()}` }) }
}
