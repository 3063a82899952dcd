/** Each key is held by one row at most: the part of the check that looks across rows. */
import type { Instant, Row } from '../storage/index.ts'
import type { Entry } from './race-log.ts'

/** How long a row surely held its key: from the end of the insert to the start of the call that let go of it. */
interface Holding {
  readonly id: string
  readonly key: string
  readonly from: Instant
  readonly to: Instant
}

export function complaintsOfKeys(log: readonly Entry[], final: ReadonlyMap<string, Row | undefined>): string[] {
  const holdings = surelyHeld(log)
  const wrong: string[] = []
  for (const [index, one] of holdings.entries()) {
    for (const other of holdings.slice(index + 1)) {
      const both = one.key === other.key && one.id !== other.id && one.from < other.to && other.from < one.to
      if (both) wrong.push(`${one.id} and ${other.id} held the key ${one.key} at the same time`)
    }
  }
  const owners = new Map<string, string>()
  for (const row of final.values()) {
    if (!row || row.key === null) continue
    const owner = owners.get(row.key)
    if (owner !== undefined) wrong.push(`${owner} and ${row.id} both hold the key ${row.key} in the end`)
    owners.set(row.key, row.id)
  }
  return [...wrong, ...misnamed(log)]
}

function surelyHeld(log: readonly Entry[]): Holding[] {
  const ends = new Map<string, Instant>()
  for (const entry of log) {
    if (entry.verb !== 'apply') continue
    for (const [index, { row, next }] of entry.changes.entries()) {
      if (next?.keepKey || entry.answer?.[index] === 'stale') continue
      ends.set(row.id, Math.min(entry.from, ends.get(row.id) ?? Number.POSITIVE_INFINITY))
    }
  }
  return log.flatMap((entry) =>
    entry.verb !== 'insert' || entry.to === undefined
      ? []
      : entry.rows.flatMap(({ id, key }, index) =>
          key !== null && entry.answer?.[index] === 'inserted'
            ? [{ id, key, from: entry.to!, to: ends.get(id) ?? Number.POSITIVE_INFINITY }]
            : [],
        ),
  )
}

/** Duplicates that name a row which was never inserted with that id or key. */
function misnamed(log: readonly Entry[]): string[] {
  const tried = new Set(
    log.flatMap((entry) =>
      entry.verb === 'insert'
        ? entry.rows.flatMap(({ id, key }, index) => {
            const answer = entry.answer?.[index]
            return answer === undefined || answer === 'inserted' ? [`id ${id} ${id}`, `key ${key} ${id}`] : []
          })
        : [],
    ),
  )
  return log.flatMap((entry) =>
    entry.verb !== 'insert'
      ? []
      : entry.rows.flatMap(({ id, key }, index) => {
          const answer = entry.answer?.[index]
          if (typeof answer !== 'object') return []
          const { duplicate } = answer
          if (tried.has(`id ${id} ${duplicate}`) || (key !== null && tried.has(`key ${key} ${duplicate}`))) return []
          return [
            `insert answered ${entry.holder} that ${id} is a duplicate of ${duplicate}, which has neither its id nor its key`,
          ]
        }),
  )
}
