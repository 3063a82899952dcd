/** Adapters whose find is wrong. */
import type { FindBy, Page, Storage } from '../../storage/index.ts'
import { altered, type Mutant, remembering } from './mutant.ts'

function finding(storage: Storage, alter: (page: Page, by: FindBy, limit: number) => Page): Storage {
  return altered(storage, { find: async (by, limit) => alter(await storage.find(by, limit), by, limit) })
}

function asked(storage: Storage, alter: (by: FindBy) => FindBy): Storage {
  return altered(storage, { find: (by, limit) => storage.find(alter(by), limit) })
}

const without = (by: FindBy, field: string): FindBy =>
  Object.fromEntries(Object.entries(by).filter(([name]) => name !== field)) as unknown as FindBy

const isPaged = (by: FindBy): boolean =>
  'parent' in by || ('names' in by && !('doneBefore' in by) && !('claimedBy' in by))

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

export const findMutants: readonly Mutant[] = [
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
]
