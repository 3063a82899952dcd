/** As much of JSON Schema 2020-12 as the document needs. */

export interface Schema {
  readonly $ref?: string
  readonly type?: SchemaType | readonly SchemaType[]
  readonly description?: string
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly default?: string | number | boolean
}

type SchemaType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null'

/** An object with these properties and no others; those that are not optional are always there. */
export function closed(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items }
}

/** Counts by definition, then by state. */
export function countsBy(states: readonly string[]): Schema {
  const counts = Object.fromEntries(states.map((state) => [state, count]))
  return { type: 'object', additionalProperties: closed(counts, states) }
}

export const anything: Schema = { description: 'Any JSON.' }
export const text: Schema = { type: 'string' }
export const flag: Schema = { type: 'boolean' }
export const count: Schema = { type: 'integer', minimum: 0 }
export const instant: Schema = { type: 'integer', description: 'Milliseconds since 1970-01-01 UTC.' }
export const isoTime: Schema = { type: 'string', description: 'As in 2026-01-31T09:00:00.000Z.' }
