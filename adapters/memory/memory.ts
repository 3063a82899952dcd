/** A storage in the memory of this process: for tests, for tools, and for work that may be lost with the process. */
import {
  type ApplyResult,
  type Change,
  type Finding,
  type InsertResult,
  isOwnWrite,
  type Row,
  StorageError,
  type SynchronousStorage,
} from '../../src/storage/index.ts'
import { claim } from './claim.ts'
import { count, find } from './find.ts'
import { checkOptions, type MemoryOptions } from './options.ts'
import { addRow, changeRow, emptyRows, moveWake, type Rows, removeRow } from './rows.ts'
import { rowOf } from './slot.ts'

/** The contract, answered at once: every method returns a plain value instead of a promise. */
export interface MemoryStorage extends SynchronousStorage {
  watch(wake: () => void): () => void
  doctor(): Finding[]
  close(): void
}

/**
 * Keeps rows in memory. Several `piecework` instances of one process may share it; nothing of it outlives the process.
 *
 * @example
 * ```ts
 * const work = piecework({ storage: memory(), definitions: [resize] })
 * ```
 */
export function memory(options: MemoryOptions = {}): MemoryStorage {
  const { batchMax, rowMaxBytes } = checkOptions(options)
  const rows = emptyRows()
  const wakers = new Set<() => void>()
  let isClosed = false

  function open(): Rows {
    if (isClosed) throw new StorageError('closed', 'The memory storage was closed before this call')
    return rows
  }

  function wakeAll(): void {
    for (const wake of wakers) wake()
  }

  return {
    traits: { durable: false, shared: false, order: 'exact', batchMax, rowMaxBytes, lagMs: 0, leaseMs: 30_000 },
    insert(given) {
      open()
      const results = given.map((row) => insertOne(rows, row))
      if (wakers.size > 0 && given.some((row, at) => row.wakeAt !== null && results[at] === 'inserted')) wakeAll()
      return results
    },
    claim: (request) => claim(open(), request),
    extend: (given, until) => given.map((row) => extendOne(open(), row, until)),
    apply(changes) {
      open()
      const results = changes.map((change) => applyOne(rows, change))
      // An apply that found its own write wakes once more than needed: a hint may.
      if (wakers.size > 0 && changes.some(({ next }, at) => next?.wakeAt != null && results[at] === 'applied'))
        wakeAll()
      return results
    },
    get(ids) {
      open()
      return ids.map((id) => {
        const slot = rows.byId.get(id)
        return slot && rowOf(slot)
      })
    },
    find: (by, limit) => find(open(), by, limit),
    count: (by) => count(open(), by),
    watch(wake) {
      open()
      // Each watcher is one entry, though two may pass the same function.
      const waker = () => wake()
      wakers.add(waker)
      return () => void wakers.delete(waker)
    },
    doctor() {
      open()
      return [{ level: 'ok', about: 'durability', message: 'Rows are in memory: nothing outlives this process.' }]
    },
    close() {
      isClosed = true
      wakers.clear()
    },
  }
}

function insertOne(rows: Rows, row: Row): InsertResult {
  const taken = rows.byId.get(row.id) ?? (row.key === null ? undefined : rows.byKey.get(row.key))
  if (taken !== undefined) return { duplicate: taken.id }
  addRow(rows, row)
  return 'inserted'
}

function extendOne(rows: Rows, row: Row, until: number): boolean {
  const slot = rows.byId.get(row.id)
  if (slot === undefined || slot.rev !== row.rev || slot.wakeAt === null) return false
  moveWake(rows, slot, until)
  return true
}

function applyOne(rows: Rows, change: Change): ApplyResult {
  const slot = rows.byId.get(change.row.id)
  if (slot === undefined || slot.rev !== change.row.rev) return isOwnWrite(change, slot) ? 'applied' : 'stale'
  if (change.next === null) removeRow(rows, slot)
  else changeRow(rows, slot, change.next)
  return 'applied'
}
