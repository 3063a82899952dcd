/** The room that adapters and sources build on: `piecework/storage`. */
export {
  type ColumnWrite,
  type ReservationColumn,
  type RowMarks,
  type RowMove,
  type RowMoveName,
  type RowStanding,
  type RowState,
  rowMoves,
  rowState,
  standingOf,
} from '../core/row-moves.ts'
export { maxTokenLength, type TokenKind, uuidWorkerLength, workerOf } from '../core/row-token.ts'
export { checkColumns, type ReservationColumns, reservationColumns } from './column-map.ts'
export { isOwnWrite } from './own-write.ts'
export { reservedRow } from './reserved-row.ts'
export { addUpRows, type RowGroup } from './row-counts.ts'
export type {
  HeldRequest,
  LapsedRequest,
  ReservedRow,
  ReserveRequest,
  RowChange,
  RowCounts,
  RowSource,
  SeenRow,
  SourceTraits,
  WorkerCounts,
} from './row-source.ts'
export { type MoveValues, type RowDialect, type RowSql, rowSql } from './row-sql.ts'
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
