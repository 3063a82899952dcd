/** What does a task's work where it is no `run` of the app's in this thread: threads, or the library itself. */
import type { DoneState, PurgeSink } from './purge.ts'

/** A module whose default export is the handler, run in threads. */
export interface ThreadPlace {
  readonly kind: 'threads'
  readonly file: URL
  /** How many threads at most, each with one attempt at a time. */
  readonly threads: number
  readonly memoryMb: number | undefined
}

/** Where a cleanup writes what it removes. */
export interface KeepingSink {
  readonly sink: PurgeSink
  /** Rejects where nothing can be written. */
  check(): Promise<void>
}

/** A purge of the storage that the task is in. */
export interface CleanupPlace {
  readonly kind: 'cleanup'
  readonly states: readonly DoneState[]
  readonly olderThanMs: number
  /** `undefined`: to the archive. */
  readonly keeping: KeepingSink | undefined
}

export type Place = ThreadPlace | CleanupPlace
