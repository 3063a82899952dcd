/** The kinds of server that there are tests for. */
import { dynamodb, dynamodbLocal } from './dynamodb.ts'
import { mongo } from './mongo.ts'
import { pgbouncer } from './pgbouncer.ts'
import { postgres } from './postgres.ts'
import { redis } from './redis.ts'

export const kinds = { postgres, pgbouncer, mongo, dynamodb, 'dynamodb-local': dynamodbLocal, redis } as const

export type KindName = keyof typeof kinds
