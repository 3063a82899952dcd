/** The front door of `piecework/memory`. */

export { type MemoryStorage, memory } from './memory.ts'
export type { MemoryOptions } from './options.ts'
export { type MemoryRowsOptions, memoryRows } from './rows/memory-rows.ts'
