/** The front door of `piecework/dynamodb`. */
export type { DynamoClient, DynamoSettings } from './client.ts'
export { createTable } from './create-table.ts'
export { type DynamoStorage, dynamodb } from './dynamodb.ts'
export type { DynamoOptions } from './options.ts'
