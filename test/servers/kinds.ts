/** The kinds of server that there are tests for. */
import { dynamodb, dynamodbLocal } from './dynamodb.ts'
import { pgbouncer } from './pgbouncer.ts'
import { postgres } from './postgres.ts'

export const kinds = { postgres, pgbouncer, dynamodb, 'dynamodb-local': dynamodbLocal } as const

export type KindName = keyof typeof kinds
