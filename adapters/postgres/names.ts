/** The names that a storage has in the database, and the one function that quotes them. */

/** Quoted for SQL, but for the channel, which is bound as a value. */
export interface Names {
  readonly schema: string
  readonly row: string
  readonly meta: string
  readonly due: string
  readonly key: string
  readonly parent: string
  readonly done: string
  /** Where it is told that rows became due. Named as the schema: a channel belongs to the whole database. */
  readonly channel: string
}

/** Index names without their schema, as `create index` wants them. */
export const INDEXES = { due: 'row_due', key: 'row_key', parent: 'row_parent', done: 'row_done' } as const

export function namesFor(schema: string): Names {
  const within = (name: string) => `${quoted(schema)}.${quoted(name)}`
  return {
    schema: quoted(schema),
    row: within('row'),
    meta: within('meta'),
    due: within(INDEXES.due),
    key: within(INDEXES.key),
    parent: within(INDEXES.parent),
    done: within(INDEXES.done),
    channel: schema,
  }
}

/** The standard's quoting of an identifier: whatever is in it, it stays one name. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
