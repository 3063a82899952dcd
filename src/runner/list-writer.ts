/** What a running attempt lists - items, requests: kept in rows of their own, many to a row, under the attempt's fence. */
import { PieceworkError } from '../core/errors.ts'
import { encode } from '../core/payload.ts'
import type { Row } from '../storage/storage.ts'
import { utf8Length } from '../storage/utf8.ts'

/** What is listed, and the state of its rows, which never become due. */
export type ListKind = 'item' | 'request'

/** What stands behind the fence in their ids: the rows of one list lie together. */
const marks: Record<ListKind, string> = { item: '-', request: '~' }

/** A row is written once it holds this many bytes. */
const chunkBytes = 64_000

/** Digits that hold any fence and any number of rows, so that ids sort as they were listed. */
const fenceDigits = 16
const chunkDigits = 9

/** What the ids of one attempt's rows of a list begin with. */
export function listPrefix(taskId: string, fence: number, kind: ListKind): string {
  return `${taskId}/${String(fence).padStart(fenceDigits, '0')}${marks[kind]}`
}

/** Whose list it is: an attempt's, of a task. */
export interface ListOf {
  readonly id: string
  readonly name: string
  readonly fence: number
  readonly kind: ListKind
}

/**
 * Collects what one attempt lists and stores it in rows of bounded size. The rows are there before the attempt is
 * settled and count only if it turns out good: the task then names the fence they were written under.
 */
export class ListWriter {
  count = 0
  readonly #insert: (row: Row) => Promise<unknown>
  readonly #of: ListOf
  readonly #rowMaxBytes: number
  #texts: string[] = []
  #bytes = 0
  #chunks = 0
  #written: Promise<void> = Promise.resolve()
  #failed: unknown
  #closed = false

  /** `insert` stores a row, getting through a short outage: that is not the handler's failure. */
  constructor(insert: (row: Row) => Promise<unknown>, rowMaxBytes: number, of: ListOf) {
    this.#insert = insert
    this.#rowMaxBytes = rowMaxBytes
    this.#of = of
  }

  /**
   * Throws at once, so that nobody has to wait to hear of it: PayloadError on what JSON does not keep, PieceworkError
   * `too_large` on an item over a row's size.
   */
  add(item: unknown): Promise<void> {
    // The attempt has ended: what a handler still emits, because it did not await it, counts no more.
    if (this.#closed) return Promise.resolve()
    const text = encode(item)
    const bytes = utf8Length(text) + 1
    if (bytes + 4 > this.#rowMaxBytes) {
      throw new PieceworkError(
        'too_large',
        `One ${this.#of.kind} of ${bytes} bytes does not fit into a row of ${this.#rowMaxBytes}`,
      )
    }
    const full = this.#texts.length > 0 && this.#bytes + bytes + 4 > Math.min(chunkBytes, this.#rowMaxBytes)
    // The item takes its place before anything is awaited: items keep the order in which emit was called.
    const written = full ? this.#begin() : Promise.resolve()
    this.#texts.push(text)
    this.#bytes += bytes
    this.count++
    return written
  }

  /** Stores what is still here. Rejects if anything of this attempt could not be stored. */
  async flush(): Promise<void> {
    this.#closed = true
    await (this.#texts.length > 0 ? this.#begin() : this.#written)
    if (this.#failed !== undefined) throw this.#failed
  }

  #begin(): Promise<void> {
    const row = this.#row(`[${this.#texts.join(',')}]`)
    this.#texts = []
    this.#bytes = 0
    this.#written = this.#written.then(() => this.#write(row))
    return this.#written
  }

  async #write(row: Row): Promise<void> {
    try {
      // The id is this attempt's alone, so a duplicate is this very row, stored by a try whose answer was lost.
      await this.#insert(row)
    } catch (error) {
      this.#failed = error
    }
  }

  #row(input: string): Row {
    const { id, name, fence, kind } = this.#of
    return {
      id: `${listPrefix(id, fence, kind)}${String(this.#chunks++).padStart(chunkDigits, '0')}`,
      name,
      state: kind,
      priority: 0,
      wakeAt: null,
      rev: fence,
      tries: 0,
      holder: null,
      key: null,
      parent: id,
      doneAt: null,
      input,
      memo: 'null',
    }
  }
}
