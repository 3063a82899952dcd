/** Adapters whose get, find, count, now, watch or close is wrong. */
import type { FindBy, Page, Row, Storage } from '../../storage/index.ts'
import { altered, type Mutant, remembering } from './mutant.ts'

function finding(storage: Storage, alter: (page: Page, by: FindBy, limit: number) => Page): Storage {
  return altered(storage, { find: async (by, limit) => alter(await storage.find(by, limit), by, limit) })
}

function asked(storage: Storage, alter: (by: FindBy) => FindBy): Storage {
  return altered(storage, { find: (by, limit) => storage.find(alter(by), limit) })
}

const without = (by: FindBy, field: string): FindBy =>
  Object.fromEntries(Object.entries(by).filter(([name]) => name !== field)) as unknown as FindBy

const isPaged = (by: FindBy): boolean => 'parent' in by || ('names' in by && !('doneBefore' in by))

/** Finds the rows of every parent that begins alike. */
function prefixing(storage: Storage): Storage {
  const { storage: watched, rows } = remembering(storage)
  return altered(watched, {
    async find(by, limit) {
      if (!('parent' in by)) return storage.find(by, limit)
      const ids = [...rows.keys()].filter((id) => id.startsWith(by.parent) && rows.get(id)?.parent != null).sort()
      const found = (await storage.get(ids)).filter((row) => row !== undefined)
      const fitting = found.filter(
        (row) => (!by.states || by.states.includes(row.state)) && (by.after === undefined || row.id > by.after),
      )
      return { rows: fitting.slice(0, limit), after: fitting.length > limit ? fitting[limit - 1]!.id : null }
    },
  })
}

/** Pages by position: rows that go in between shift the rest. */
function byOffset(storage: Storage): Storage {
  return altered(storage, {
    async find(by, limit) {
      if (!('parent' in by)) return storage.find(by, limit)
      const offset = by.after?.startsWith('offset ') ? Number(by.after.slice(7)) : 0
      const { rows } = await storage.find(without(by, 'after'), storage.traits.batchMax)
      const page = rows.slice(offset, offset + limit)
      return { rows: page, after: offset + limit < rows.length ? `offset ${offset + limit}` : null }
    },
  })
}

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

export const readMutants: readonly Mutant[] = [
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
  {
    name: 'find loses the last row of a full page',
    breaks: 'pages lose no row',
    of: (storage) =>
      finding(storage, (page) =>
        page.after !== null && page.rows.length > 1 ? { ...page, rows: page.rows.slice(0, -1) } : page,
      ),
  },
  {
    name: 'find repeats the last row of a page',
    breaks: 'pages repeat no row',
    of: (storage) =>
      finding(storage, (page) =>
        page.after !== null && page.rows.length > 1 ? { ...page, after: page.rows.at(-2)!.id } : page,
      ),
  },
  {
    name: 'find ends after one page',
    breaks: 'after says where to go on',
    of: (storage) => finding(storage, (page) => ({ ...page, after: null })),
  },
  {
    name: 'find does not look at after',
    breaks: 'after says where to go on',
    of: (storage) => asked(storage, (by) => without(by, 'after')),
  },
  { name: 'find by parent pages by position', breaks: 'pages lose no row', of: byOffset },
  {
    name: 'find does not keep its limit',
    breaks: 'limit',
    of: (storage) => altered(storage, { find: (by) => storage.find(by, storage.traits.batchMax) }),
  },
  {
    name: 'find by parent does not look at states',
    breaks: 'MR-01',
    of: (storage) => asked(storage, (by) => ('parent' in by ? without(by, 'states') : by)),
  },
  {
    name: 'find by names does not look at states',
    breaks: 'states',
    of: (storage) => asked(storage, (by) => ('names' in by && isPaged(by) ? without(by, 'states') : by)),
  },
  {
    name: 'find by doneBefore does not look at states',
    breaks: 'states',
    of: (storage) => asked(storage, (by) => ('doneBefore' in by ? without(by, 'states') : by)),
  },
  {
    name: 'find by doneBefore does not look at names',
    breaks: 'names',
    of: (storage) => asked(storage, (by) => ('doneBefore' in by ? without(by, 'names') : by)),
  },
  {
    name: 'find looks at the first state alone',
    breaks: 'states',
    of: (storage) =>
      asked(storage, (by) => ('states' in by && by.states ? { ...by, states: by.states.slice(0, 1) } : by)),
  },
  {
    name: 'find looks at the first name alone',
    breaks: 'names',
    of: (storage) => asked(storage, (by) => ('names' in by && by.names ? { ...by, names: by.names.slice(0, 1) } : by)),
  },
  { name: 'find by parent reads the parent as a prefix', breaks: 'PL-08', of: prefixing },
  {
    name: 'find by parent and names goes backwards',
    breaks: 'ordered by id',
    of: (storage) => finding(storage, (page, by) => (isPaged(by) ? { ...page, rows: [...page.rows].reverse() } : page)),
  },
  {
    name: 'find by names orders ids by the language',
    breaks: 'PL-09',
    of: (storage) =>
      finding(storage, (page, by) =>
        isPaged(by) ? { ...page, rows: [...page.rows].sort((one, other) => one.id.localeCompare(other.id)) } : page,
      ),
  },
  {
    name: 'find by doneBefore takes doneAt = doneBefore',
    breaks: 'doneAt < doneBefore',
    of: (storage) => asked(storage, (by) => ('doneBefore' in by ? { ...by, doneBefore: by.doneBefore + 1 } : by)),
  },
  {
    name: 'find by doneBefore gives the latest first',
    breaks: 'the earliest first',
    of: (storage) =>
      finding(storage, (page, by) => ('doneBefore' in by ? { ...page, rows: [...page.rows].reverse() } : page)),
  },
  {
    name: 'find by key finds nothing once the row is finished',
    breaks: 'find by key',
    of: (storage) =>
      finding(storage, (page, by) =>
        'key' in by ? { ...page, rows: page.rows.filter((row) => row.state !== 'completed') } : page,
      ),
  },
  {
    name: 'count does not stop at upTo',
    breaks: 'count MUST stop at upTo',
    of: (storage) => altered(storage, { count: (by) => storage.count({ ...by, upTo: 1e9 }) }),
  },
  {
    name: 'count does not say that it is capped',
    breaks: 'count says so',
    of: (storage) => altered(storage, { count: async (by) => ({ ...(await storage.count(by)), capped: false }) }),
  },
  {
    name: 'count always says that it is capped',
    breaks: 'count says so',
    of: (storage) => altered(storage, { count: async (by) => ({ ...(await storage.count(by)), capped: true }) }),
  },
  {
    name: 'count does not look at states',
    breaks: 'states',
    of: (storage) => altered(storage, { count: ({ states: _, ...by }) => storage.count(by) }),
  },
  {
    name: 'count does not look at the parent',
    breaks: 'parent',
    of: (storage) =>
      altered(storage, { count: ({ states, upTo }) => storage.count({ upTo, ...(states && { states }) }) }),
  },
  {
    name: 'count keeps numbers in a plain object',
    breaks: 'PL-04',
    of: (storage) =>
      altered(storage, {
        count: async (by) => {
          const { counts, capped } = await storage.count(by)
          const plain: Record<string, Record<string, number>> = {}
          for (const [name, states] of Object.entries(counts)) plain[name] = states
          return { counts: plain, capped }
        },
      }),
  },
  {
    name: 'an empty batch throws',
    breaks: 'an empty batch is legal',
    of: (storage) =>
      altered(storage, {
        apply: (changes) => {
          if (changes.length === 0) throw new Error('syntax error at or near ")"')
          return storage.apply(changes)
        },
      }),
  },
  {
    name: 'a batch of batchMax throws',
    breaks: 'traits.batchMax',
    of: (storage) =>
      altered(storage, {
        apply: (changes) => {
          if (changes.length > storage.traits.batchMax / 2) throw new Error('too many SQL variables')
          return storage.apply(changes)
        },
      }),
  },
  {
    name: 'it is shared and cannot tell the time',
    breaks: 'shared storages have now()',
    of: ({ now: _, ...storage }) => ({ ...storage, traits: { ...storage.traits, shared: true } }),
  },
  {
    name: 'now() runs backwards',
    breaks: 'CK-02',
    of: (storage) => {
      let now = 1_700_000_000_000
      return altered(storage, { now: () => ({ now: now--, error: 0 }) })
    },
  },
  {
    name: 'now() tells seconds',
    breaks: 'milliseconds',
    of: (storage) => altered(storage, { now: () => ({ now: 1_700_000_000, error: 0 }) }),
  },
  {
    name: 'now() tells fractions',
    breaks: 'whole milliseconds',
    of: (storage) => altered(storage, { now: () => ({ now: 1_700_000_000_000.5, error: 0 }) }),
  },
  {
    name: 'leases are shorter than the error of now()',
    breaks: 'CK-01',
    of: (storage) => altered(storage, { now: () => ({ now: 1_700_000_000_000, error: 60_000 }) }),
  },
  {
    name: 'watch goes on after it was stopped',
    breaks: 'watch ends',
    of: (storage) => {
      const wakes: (() => void)[] = []
      return altered(storage, {
        watch: (wake) => {
          wakes.push(wake)
          return () => {}
        },
        insert: (rows) => {
          for (const wake of wakes) wake()
          return storage.insert(rows)
        },
      })
    },
  },
  {
    name: 'closing again throws',
    breaks: 'closing again is harmless',
    of: (storage) => {
      let closed = 0
      return altered(storage, {
        close: () => {
          if (closed++ === 1) throw new Error('database is not open')
        },
      })
    },
  },
]
