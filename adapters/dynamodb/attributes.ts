/** Attribute values and expressions. Every name is aliased, so that no reserved word is ever in the way. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'

export type Item = Record<string, AttributeValue>

/** Where an item lies in the table. */
export interface Key {
  readonly pk: string
  readonly sk: string
}

export function text(value: string): AttributeValue {
  return { S: value }
}

export function number(value: number): AttributeValue {
  return { N: String(value) }
}

export function keyItem({ pk, sk }: Key): Item {
  return { pk: text(pk), sk: text(sk) }
}

export function keyOf(item: Item): Key {
  return { pk: textIn(item, 'pk') ?? '', sk: textIn(item, 'sk') ?? '' }
}

export function textIn(item: Item, name: string): string | null {
  return item[name]?.S ?? null
}

export function numberIn(item: Item, name: string): number | null {
  const digits = item[name]?.N
  return digits === undefined ? null : Number(digits)
}

/** `#rev = :seen` needs `{ '#rev': 'rev' }`: the names are read off the expressions themselves. */
export function aliases(...expressions: readonly string[]): { ExpressionAttributeNames: Record<string, string> } {
  const found = expressions.flatMap((expression) => expression.match(/#\w+/g) ?? [])
  return { ExpressionAttributeNames: Object.fromEntries(found.map((alias) => [alias, alias.slice(1)])) }
}

/** Attributes to write; `undefined` removes one. */
export type Assignments = Readonly<Record<string, AttributeValue | undefined>>

export interface Update {
  readonly UpdateExpression: string
  readonly ConditionExpression: string
  readonly ExpressionAttributeNames: Record<string, string>
  /** Left out where there are none: an empty one is refused. */
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>
}

/** The expressions of an update. `more` are clauses that are no plain assignment, as `#rev = #rev + :one`. */
export function update(
  assignments: Assignments,
  condition: string,
  values: Record<string, AttributeValue>,
  more: readonly string[] = [],
): Update {
  const sets = [...more]
  const removes: string[] = []
  const all = { ...values }
  for (const [name, value] of Object.entries(assignments)) {
    if (value === undefined) {
      removes.push(`#${name}`)
    } else {
      sets.push(`#${name} = :${name}`)
      all[`:${name}`] = value
    }
  }
  const set = sets.length > 0 ? `SET ${sets.join(', ')}` : ''
  const expression = removes.length > 0 ? `${set} REMOVE ${removes.join(', ')}`.trim() : set
  return {
    UpdateExpression: expression,
    ConditionExpression: condition,
    ...aliases(expression, condition),
    ...(Object.keys(all).length === 0 ? {} : { ExpressionAttributeValues: all }),
  }
}
