/** The front door of `piecework/mongo`. */
export { type MongoStorage, mongo } from './mongo.ts'
export type { MongoOptions } from './options.ts'
