/** The contract in its plainest form: a list of rows that is searched from end to end. Slow, and obviously right. */
import { isOwnWrite, type Row, RUNNING, type Storage, type Traits, WAITING } from '../storage/index.ts'

const oracleTraits: Traits = {
  durable: false,
  shared: false,
  order: 'exact',
  batchMax: 1_000,
  rowMaxBytes: 1_000_000,
  lagMs: 0,
  leaseMs: 60_000,
}

/** A correct storage that keeps nothing beyond its process; what the model compares an adapter with. */
export function oracle(traits: Partial<Traits> = {}): Storage {
  const rows: Row[] = []
  const position = (id: string): number => rows.findIndex((row) => row.id === id)
  const stored = (id: string): Row | undefined => rows.find((row) => row.id === id)
  const replace = (row: Row): Row => {
    rows[position(row.id)] = row
    return { ...row }
  }
  const page = (found: Row[], limit: number) => {
    const part = found.slice(0, limit).map((row) => ({ ...row }))
    return { rows: part, after: found.length > limit ? part[part.length - 1]!.id : null }
  }

  return {
    traits: { ...oracleTraits, ...traits },

    insert: (batch) =>
      batch.map((row) => {
        const taken = stored(row.id) ?? rows.find((other) => row.key !== null && other.key === row.key)
        if (taken) return { duplicate: taken.id }
        rows.push({ ...row })
        return 'inserted'
      }),

    claim: ({ wants, limit, holder, now, until }) =>
      wants
        .flatMap((want) => due(rows, want.name, now).slice(0, want.limit))
        .sort(inOrder)
        .slice(0, limit)
        .map((row) => {
          const state = row.state === WAITING ? RUNNING : row.state
          return replace({ ...row, state, wakeAt: until, rev: row.rev + 1, tries: row.tries + 1, holder })
        }),

    extend: (batch, until) =>
      batch.map(({ id, rev }) => {
        const row = stored(id)
        if (!row || row.rev !== rev || row.wakeAt === null) return false
        replace({ ...row, wakeAt: until })
        return true
      }),

    apply: (changes) =>
      changes.map((change) => {
        const row = stored(change.row.id)
        if (!row || row.rev !== change.row.rev) return isOwnWrite(change, row) ? 'applied' : 'stale'
        if (change.next === null) {
          rows.splice(position(row.id), 1)
          return 'applied'
        }
        const { keepKey, ...written } = change.next
        replace({ ...row, ...written, key: keepKey ? row.key : null, rev: row.rev + 1 })
        return 'applied'
      }),

    get: (ids) =>
      ids.map((id) => {
        const row = stored(id)
        return row && { ...row }
      }),

    find(by, limit) {
      if ('key' in by) {
        const held = rows.filter((row) => row.key === by.key)
        return { rows: page(held, limit).rows, after: null }
      }
      if ('claimedBy' in by) {
        const left = rows.filter((row) => row.holder === by.claimedBy && row.wakeAt === by.until)
        return {
          rows: page(
            left.filter((row) => by.names.includes(row.name)),
            limit,
          ).rows,
          after: null,
        }
      }
      const fitting = rows.filter((row) => !by.states || by.states.includes(row.state))
      if ('doneBefore' in by) {
        const done = fitting
          .filter((row) => row.doneAt !== null && row.doneAt < by.doneBefore)
          .filter((row) => !by.names || by.names.includes(row.name))
          .sort((one, other) => one.doneAt! - other.doneAt! || byBytes(one.id, other.id))
        return { rows: page(done, limit).rows, after: null }
      }
      const mine = fitting
        .filter((row) => ('parent' in by ? row.parent === by.parent : by.names.includes(row.name)))
        .filter((row) => by.after === undefined || row.id > by.after)
        .sort((one, other) => byBytes(one.id, other.id))
      return page(mine, limit)
    },

    count(by) {
      const fitting = rows
        .filter((row) => !by.states || by.states.includes(row.state))
        .filter((row) => !('names' in by) || !by.names || by.names.includes(row.name))
        .filter((row) => !('parent' in by) || row.parent === by.parent)
      const counted = fitting.slice(0, by.upTo)
      const distinct = (words: string[]) => [...new Set(words)]
      const counts = Object.fromEntries(
        distinct(counted.map((row) => row.name)).map((name) => {
          const named = counted.filter((row) => row.name === name)
          const states = distinct(named.map((row) => row.state))
          return [
            name,
            Object.fromEntries(states.map((state) => [state, named.filter((row) => row.state === state).length])),
          ]
        }),
      )
      return { counts, capped: counted.length === by.upTo }
    },
  }
}

function due(rows: readonly Row[], name: string, now: number): Row[] {
  return rows.filter((row) => row.name === name && row.wakeAt !== null && row.wakeAt <= now).sort(inOrder)
}

/** The order of claims. Both rows have a wake time. */
export function inOrder(one: Row, other: Row): number {
  return (
    one.priority - other.priority || one.wakeAt! - other.wakeAt! || one.tries - other.tries || byBytes(one.id, other.id)
  )
}

/** Ids are ASCII, so JavaScript's comparison is that of bytes. */
export function byBytes(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
