/** STAND-IN for your database itself: tables of records with versions, and ordered reads. Slow, small, in memory. */

export type Value = string | number | boolean | null
export type Fields = { readonly [field: string]: Value }

export interface Versioned {
  readonly version: number
  readonly fields: Fields
}

export interface Record extends Versioned {
  readonly id: string
}

/** One read of one index: the records that are equal in `where`, in the order of the fields of `order`. */
export interface Query {
  readonly where: Fields
  /** A record that lacks one of these fields, or has `null` there, is not in the index. */
  readonly order: readonly string[]
  /** Only what comes behind this, field by field. */
  readonly after?: readonly Value[]
  /** Only where the first field of `order` is at most this. */
  readonly upTo?: number
  readonly limit: number
}

export class Engine {
  readonly #tables = new Map<string, Map<string, Versioned>>()
  #versions = 0

  get(table: string, id: string): Versioned | null {
    return this.#tables.get(table)?.get(id) ?? null
  }

  swap(table: string, id: string, seen: number | null, fields: Fields | null): number | null {
    const records = this.#tables.get(table) ?? new Map<string, Versioned>()
    this.#tables.set(table, records)
    if ((records.get(id)?.version ?? null) !== seen) return null
    this.#versions += 1
    if (fields === null) records.delete(id)
    else records.set(id, { version: this.#versions, fields })
    return this.#versions
  }

  range(table: string, { where, order, after, upTo, limit }: Query): Record[] {
    const wanted = Object.entries(where)
    const found: { key: Value[]; record: Record }[] = []
    for (const [id, { version, fields }] of this.#tables.get(table) ?? []) {
      const key = order.map((field) => fields[field] ?? null)
      if (key.includes(null) || wanted.some(([field, value]) => fields[field] !== value)) continue
      if ((after && compare(key, after) <= 0) || (upTo !== undefined && (key[0] as number) > upTo)) continue
      found.push({ key, record: { id, version, fields } })
    }
    found.sort((one, other) => compare(one.key, other.key))
    return found.slice(0, limit).map(({ record }) => record)
  }

  drop(prefix: string): void {
    for (const table of this.#tables.keys()) if (table.startsWith(prefix)) this.#tables.delete(table)
  }
}

function compare(one: readonly Value[], other: readonly Value[]): number {
  for (const [index, value] of one.entries()) {
    const beside = other[index] as Value
    if (value !== beside) return (value as string) < (beside as string) ? -1 : 1
  }
  return 0
}
