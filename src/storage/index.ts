/** The room that adapters build on: `piecework/storage`. */
export { isOwnWrite } from './own-write.ts'
export type {
  ApplyResult,
  Awaitable,
  Change,
  ClaimRequest,
  Count,
  CountBy,
  FindBy,
  Finding,
  InsertResult,
  Instant,
  NextRow,
  Page,
  Row,
  Storage,
  SynchronousStorage,
  Traits,
} from './storage.ts'
export { RUNNING, WAITING } from './storage.ts'
export { StorageError, type StorageErrorCode } from './storage-error.ts'
