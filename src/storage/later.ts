/** What a later version keeps in a memo: an older one beside it on one storage hands it on, though it cannot read it. */
import { decode, encode } from '../core/payload.ts'
import type { TaskMemo } from './codec.ts'

/** All that this version writes, and so leaves out on purpose where it does. */
const known: Record<keyof TaskMemo, true> = {
  addedAt: true,
  runAt: true,
  lastRunAt: true,
  failures: true,
  crashes: true,
  errors: true,
  logs: true,
  progress: true,
  result: true,
  items: true,
  reason: true,
  slot: true,
  doneAt: true,
  job: true,
}

/** The new text of a memo, with what this version does not know of the old one. */
export function withLater(text: string, before: string): string {
  if (before === '{}') return text
  const others = Object.entries(decode(before) as object).filter(([key]) => !Object.hasOwn(known, key))
  if (others.length === 0) return text
  const more = others.map(([key, value]) => `${JSON.stringify(key)}:${encode(value)}`).join(',')
  return text === '{}' ? `{${more}}` : `${text.slice(0, -1)},${more}}`
}
