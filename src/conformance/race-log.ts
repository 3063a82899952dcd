/** What holders write down: every call before it is made, and every answer when it came. */
import type { ApplyResult, Change, ClaimRequest, InsertResult, Instant, Row } from '../storage/index.ts'

/** One call of one holder. Without an answer it was under way when its holder was killed: its outcome is unknown. */
export type Entry = {
  readonly holder: string
  /** Counts the calls of this holder. */
  readonly call: number
  /** The clock before the call, at the earliest that it may have been. */
  readonly from: Instant
  /** The clock after the call, at the latest that it may have been. */
  to?: Instant
  /** What the call threw, if it did. No fault is injected, so nothing may be thrown. */
  error?: string
} & (
  | { readonly verb: 'insert'; readonly rows: readonly Row[]; answer?: readonly InsertResult[] }
  | { readonly verb: 'claim'; readonly request: ClaimRequest; answer?: readonly Row[] }
  | { readonly verb: 'extend'; readonly rows: readonly Row[]; readonly until: Instant; answer?: readonly boolean[] }
  | { readonly verb: 'apply'; readonly changes: readonly Change[]; answer?: readonly ApplyResult[] }
)

/** All that a log says of one row. What is not known, or has no answer, was under way when its holder was killed. */
export interface History {
  readonly inserts: { entry: Entry; row: Row; known: boolean }[]
  readonly claims: { entry: Entry; request: ClaimRequest; row: Row }[]
  readonly applies: { entry: Entry; change: Change; answer: ApplyResult | undefined }[]
  readonly extends: { entry: Entry; row: Row; until: Instant; answer: boolean | undefined }[]
}

/** What a holder is to do. Everything is bounded in number. */
export interface Plan {
  readonly holder: string
  readonly seed: number
  /** How many rows it inserts over its life. */
  readonly rows: number
  /** How many rounds it makes at most. */
  readonly rounds: number
  /** How long its leases are, on the clock that the race goes by. */
  readonly leaseMs: number
}

/** Between a holder's process and its parent. */
export type ToHolder =
  | { readonly type: 'work'; readonly plan: Plan }
  | { readonly type: 'read'; readonly ids: readonly string[] }
  | { readonly type: 'leave' }

export type FromHolder =
  | { readonly type: 'ready' }
  | { readonly type: 'entry'; readonly entry: Entry }
  | { readonly type: 'done' }
  | { readonly type: 'rows'; readonly rows: readonly (Row | null)[] }
  | { readonly type: 'failed'; readonly error: string }
