/** One item as a dispatch sees it: the execution that its value stands for, or why there is none. */
import { canonicalText } from '../../core/canonical.ts'
import { messageOf } from '../../core/error-record.ts'
import { decode, encode } from '../../core/payload.ts'
import { cut } from '../../core/text.ts'
import type { Settings } from '../engine.ts'
import { hashOf } from '../hash.ts'
import { validate } from '../schema.ts'

/** What runs for one value. */
export interface Entry {
  readonly id: string
  /** The text of its input. */
  readonly input: string
}

export interface EntryRules {
  readonly jobId: string
  readonly attribute: string
  readonly args: Record<string, unknown>
  readonly settings: Settings
  readonly maxBytes: number
}

const maxReasonLength = 200

/** A missing value is refused, where the seed ran it as 'null' (D10, B33). */
export async function entryOf(item: unknown, rules: EntryRules): Promise<Entry | { readonly refused: string }> {
  const { attribute, args, settings, jobId, maxBytes } = rules
  if (typeof item !== 'object' || item === null) return { refused: 'it is no object' }
  if (!Object.hasOwn(item, attribute)) return { refused: `it has no \`${attribute}\`` }
  const value = (item as Record<string, unknown>)[attribute]
  if (value === undefined || value === null) return { refused: `its \`${attribute}\` is ${value}` }
  try {
    const text = encode(value)
    const input = encode({ ...args, item: decode(text) })
    if (Buffer.byteLength(input) > maxBytes) return { refused: `its input is over ${maxBytes} bytes` }
    if (settings.schema) {
      const validation = await validate(settings.schema, decode(input))
      if ('problem' in validation) return { refused: short(validation.problem) }
    }
    return { id: `${jobId}/${hashOf(canonicalText(decode(text)))}`, input }
  } catch (error) {
    return { refused: short(messageOf(error)) }
  }
}

function short(reason: string): string {
  return cut(reason, maxReasonLength)
}
