/** The statement that writes moves: those of one call at once, and each on its own condition. */
import type { RowChange } from '../../../src/storage/index.ts'
import type { Statement } from '../session.ts'
import type { TableForm } from './form.ts'
import { plainText } from './key.ts'

/** Changes that make the same move on the same standing, and where they stand in the call. */
type Kind = Pick<RowChange, 'move' | 'on'>
type Placed = readonly [change: RowChange, place: number]

/**
 * A part for each kind of move, in one statement: one way to the server and one commit for all that ended in a turn.
 * Rows are taken in one order, so that two who free the same rows wait for each other and not in a circle.
 *
 * They are to be found by their keys. A join alone was planned as a scan of the whole table; and as long as the statistics
 * say that nothing is held, the index of what is held looks like the shortest way, through all that is held by now: the
 * `case` hides that it could be gone.
 */
export function writer(form: TableForm): (changes: readonly RowChange[]) => Statement {
  const texts = new Map<string, string>()
  return (changes) => {
    const kinds = new Map<string, Placed[]>()
    for (const [place, change] of changes.entries()) {
      const kind = `${change.move} ${change.on}`
      const placed = kinds.get(kind)
      if (placed) placed.push([change, place])
      else kinds.set(kind, [[change, place]])
    }
    const sorted = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1))
    const name = sorted.map(([kind]) => kind).join()
    const parts = sorted.map(([, placed]) => placed.sort(byId))
    const text =
      texts.get(name) ??
      textFor(
        form,
        parts.map(([first]) => (first as Placed)[0]),
      )
    texts.set(name, text)
    return { text, values: parts.flatMap((placed) => arraysOf(form, placed)) }
  }
}

/** How many arrays a kind has. */
const WIDTH = 5

function textFor(form: TableForm, kinds: readonly Kind[]): string {
  const parts = kinds.map(({ move, on }, nth) => {
    const array = (at: number, type: string) => `$${nth * WIDTH + at}::${type}[]`
    const values = { error: form.errorText('"$change"."$error"'), maxTries: '"$change"."$limit"' }
    return `update ${form.table} as "$row" set ${form.sql.assignments(move, values)}
    from unnest(${array(1, 'integer')}, ${array(2, 'text')}, ${array(3, 'text')}, ${array(4, 'text')}, ${array(5, 'bigint')})
      as "$change"("$place", "$id", "$token", "$error", "$limit")
    where "$row".${form.id} = any(array(select unnest(${array(2, 'text')})::${form.key.cast}))
      and "$row".${form.id} = "$change"."$id"::${form.key.cast}
      and case when ${form.sql.standings[on]} then ${form.token} end = "$change"."$token"
    returning "$change"."$place"`
  })
  if (parts.length === 1) return String(parts[0])
  const named = parts.map((part, nth) => `"$${nth}" as (${part})`).join(', ')
  return `with ${named} ${parts.map((_, nth) => `select "$place" from "$${nth}"`).join(' union all ')}`
}

function arraysOf({ key }: TableForm, placed: readonly Placed[]): unknown[] {
  return [
    placed.map(([, place]) => place),
    placed.map(([{ id }]) => key.textOf(id) ?? null),
    placed.map(([{ token }]) => plainText(token) ?? null),
    // What no text of Postgres can hold would fail the whole call.
    placed.map(([{ error }]) => error?.replaceAll('\0', '\ufffd').toWellFormed() ?? null),
    placed.map(([{ maxTries }]) => maxTries),
  ]
}

function byId([a]: Placed, [b]: Placed): number {
  return a.id < b.id ? -1 : 1
}
