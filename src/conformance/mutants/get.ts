/** Adapters whose get is wrong, or that hand out the objects that they keep. */
import type { Row, Storage } from '../../storage/index.ts'
import { altered, type Mutant } from './mutant.ts'

/** Hands out the objects that it keeps. */
function live(storage: Storage, verb: 'insert' | 'get' | 'claim' | 'find'): Storage {
  const kept = new Map<string, Row>()
  const key = (row: Row): string => `${row.id} ${row.rev} ${row.wakeAt}`
  const keep = (row: Row): Row => {
    kept.set(key(row), row)
    return row
  }
  const known = (row: Row): Row => kept.get(key(row)) ?? row
  return altered(storage, {
    insert(rows) {
      if (verb === 'insert') rows.forEach(keep)
      return storage.insert(rows)
    },
    async claim(request) {
      const rows = await storage.claim(request)
      return verb === 'claim' ? rows.map(keep) : rows
    },
    async get(ids) {
      const rows = await storage.get(ids)
      return rows.map((row) => row && (kept.has(key(row)) ? known(row) : verb === 'get' ? keep(row) : row))
    },
    async find(by, limit) {
      const { rows, after } = await storage.find(by, limit)
      return { rows: verb === 'find' ? rows.map(keep) : rows, after }
    },
  })
}

/** Answers get from what it saw last, until somebody else asks again. */
function lagging(storage: Storage): Storage {
  const seen = new Map<string, Row | undefined>()
  return altered(storage, {
    async get(ids) {
      const rows = await storage.get(ids)
      return ids.map((id, index) => {
        const before = seen.has(id) ? seen.get(id) : rows[index]
        seen.set(id, rows[index])
        return before
      })
    },
  })
}

export const getMutants: readonly Mutant[] = [
  {
    name: 'get leaves out what is not there',
    breaks: 'answers come by position',
    of: (storage) =>
      altered(storage, { get: async (ids) => (await storage.get(ids)).filter((row) => row !== undefined) }),
  },
  {
    name: 'get answers in the order of ids',
    breaks: 'answers come by position',
    of: (storage) => altered(storage, { get: (ids) => storage.get([...ids].sort()) }),
  },
  { name: 'get lags', breaks: 'get sees every acknowledged write', of: lagging },
  { name: 'get hands out its own object', breaks: 'PL-10', of: (storage) => live(storage, 'get') },
  { name: 'claim hands out its own object', breaks: 'PL-10', of: (storage) => live(storage, 'claim') },
  { name: 'find hands out its own object', breaks: 'PL-10', of: (storage) => live(storage, 'find') },
  { name: 'insert keeps the object that it was given', breaks: 'PL-10', of: (storage) => live(storage, 'insert') },
]
