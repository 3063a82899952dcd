/** Rows as documents: what is `null` in a row is absent, which keeps the indexes over it small. */
import type { Row } from '../../src/storage/index.ts'

/** A row as it is stored. */
export interface StoredRow {
  readonly _id: string
  readonly name: string
  readonly state: string
  readonly priority: number
  readonly wakeAt?: number
  readonly rev: number
  readonly tries: number
  readonly holder?: string
  readonly key?: string
  readonly parent?: string
  readonly doneAt?: number
  readonly input: string
  readonly memo: string
  /** The claims and applies that made its last revisions, the newest first. */
  readonly writers?: readonly string[]
}

/** By hand and in one order, so that all documents share one shape. */
export function documentOf(row: Row): StoredRow {
  return {
    _id: row.id,
    name: row.name,
    state: row.state,
    priority: row.priority,
    ...(row.wakeAt !== null && { wakeAt: row.wakeAt }),
    rev: row.rev,
    tries: row.tries,
    ...(row.holder !== null && { holder: row.holder }),
    ...(row.key !== null && { key: row.key }),
    ...(row.parent !== null && { parent: row.parent }),
    ...(row.doneAt !== null && { doneAt: row.doneAt }),
    input: row.input,
    memo: row.memo,
  }
}

export function rowOf(stored: StoredRow): Row {
  return {
    id: stored._id,
    name: stored.name,
    state: stored.state,
    priority: stored.priority,
    wakeAt: stored.wakeAt ?? null,
    rev: stored.rev,
    tries: stored.tries,
    holder: stored.holder ?? null,
    key: stored.key ?? null,
    parent: stored.parent ?? null,
    doneAt: stored.doneAt ?? null,
    input: stored.input,
    memo: stored.memo,
  }
}

/**
 * The entries in lots that fit a command, which is one document of at most 16 MB. Counting bytes costs more than it
 * gives: a UTF-16 code unit takes at most three of them.
 */
export function lots<T>(entries: readonly T[], max: number, textOf: (entry: T) => number): T[][] {
  const made: T[][] = []
  let lot: T[] = []
  let bytes = 0
  for (const entry of entries) {
    const more = textOf(entry) * 3 + OVERHEAD_BYTES
    if (lot.length > 0 && (lot.length === max || bytes + more > COMMAND_BYTES)) {
      made.push(lot)
      lot = []
      bytes = 0
    }
    lot.push(entry)
    bytes += more
  }
  if (lot.length > 0) made.push(lot)
  return made
}

/** What a row takes beside its texts: 250 for the id and each name, 1,200 for the key, the names of the fields. */
const OVERHEAD_BYTES = 2_500

const COMMAND_BYTES = 15 * 1024 * 1024
