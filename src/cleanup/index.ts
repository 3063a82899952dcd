/** The subpath `piecework/cleanup`: what is done goes to files, or to an archive, by a task of its own. */
export { type CleanupDefinition, type CleanupOptions, cleanup } from './cleanup.ts'
export { type NdjsonSink, type NdjsonSinkOptions, ndjsonSink } from './ndjson-sink.ts'
