/** What the process that keeps others going and those others tell each other. */
import type { StopReport } from '../../index.ts'

/** How many processes there are. It is what `status()` tells then. */
export interface Counts {
  readonly processes: number
  readonly running: number
  readonly restarts: number
}

export type ToChild = { readonly kind: 'stop' } | { readonly kind: 'counts'; readonly counts: Counts }

export type ToParent =
  | { readonly kind: 'ready'; readonly address?: string | undefined; readonly port?: number | undefined }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'stopped'; readonly report: StopReport }

/** An app may send messages of its own over the same channel. */
const mark = 'piecework'

export function marked(message: ToChild | ToParent): Record<string, unknown> {
  return { [mark]: message }
}

export function unmarked<Message extends ToChild | ToParent>(message: unknown): Message | undefined {
  return (message as Record<string, Message> | null | undefined)?.[mark]
}
