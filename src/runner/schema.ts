/** Input checked by any Standard Schema: zod, valibot, arktype, or one's own. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { expected } from '../core/expect.ts'

/** What a schema says: the value as the handler gets it, or what is wrong with it, in one line. */
export type Validation = { readonly value: unknown } | { readonly problem: string }

export async function validate(schema: StandardSchemaV1, input: unknown): Promise<Validation> {
  const result = await schema['~standard'].validate(input)
  if (!result.issues) return { value: result.value }
  return { problem: result.issues.slice(0, 5).map(shownIssue).join('; ') }
}

/** @throws TypeError unless this is a Standard Schema. */
export function checkSchema(option: string, schema: unknown): void {
  const standard = typeof schema === 'object' || typeof schema === 'function' ? schema : undefined
  if (standard && '~standard' in standard) return
  throw expected(option, 'a Standard Schema (zod, valibot, arktype ...)', schema)
}

function shownIssue({ message, path }: StandardSchemaV1.Issue): string {
  if (!path || path.length === 0) return message
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
  return `${keys.join('.')}: ${message}`
}
