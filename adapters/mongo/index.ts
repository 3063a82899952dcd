/** The front door of `piecework/mongo`. */
export { type MongoCollection, mongoCollection } from './collection/mongo-collection.ts'
export type { MongoCollectionOptions } from './collection/options.ts'
export { type MongoStorage, mongo } from './mongo.ts'
export type { MongoOptions } from './options.ts'
