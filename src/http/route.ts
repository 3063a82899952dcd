/** What a route is: where it is, what it does, and what the document says of it. */
import type { Piecework } from '../index.ts'
import type { Hub } from './hub.ts'
import type { Schema } from './openapi/schema.ts'
import type { CheckedHttpOptions } from './options.ts'
import type { Query } from './query.ts'

/** What all routes of one handler share. */
export interface Face {
  readonly work: Piecework
  readonly hub: Hub
  readonly options: CheckedHttpOptions
}

/** One request. */
export interface Call {
  readonly request: Request
  /** The `:id` of the path, decoded. */
  readonly id: string
  readonly query: Query
  /** The body. @throws Problem 400, 413, 415 */
  json(): Promise<unknown>
}

/** What an answer of one status is: JSON by a schema, or a text of another type. */
export type AnswerForm = { readonly schema: Schema } | { readonly type: string }

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** As in `/tasks/:id`. */
  readonly path: string
  readonly summary: string
  /** What the query may hold, and what that is. */
  readonly query?: Readonly<Record<string, Schema>>
  /** The JSON that is sent; without it, none is. */
  readonly body?: Schema
  /** What it answers where nothing is wrong, by status. */
  readonly answers: Readonly<Record<number, AnswerForm>>
  /** What may be wrong besides what may be with any: 403, 503, and 400, 413 and 415 where something is sent. */
  readonly problems?: readonly number[]
  handle(call: Call, face: Face): Response | Promise<Response>
}
