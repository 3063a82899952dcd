/** Adapters whose keys are wrong: held by two rows, folded, never let go of. */
import { type InsertResult, isOwnWrite, type Row, type Storage } from '../../storage/index.ts'
import { turn } from '../waiting.ts'
import { altered, type Mutant, misapplied, veiled } from './mutant.ts'

interface KeyFlaws {
  /** What two keys are compared by. */
  readonly fold?: (key: string) => string
  /** Lets others go first between looking and storing. */
  readonly gap?: boolean
  /** A refused row takes its key all the same. */
  readonly greedy?: boolean
}

/** Keeps the keys itself, beside a storage that sees none, and keeps them wrong. */
function ownKeys(storage: Storage, { fold = (key) => key, gap = false, greedy = false }: KeyFlaws): Storage {
  const keyOf = new Map<string, string>()
  const owners = new Map<string, string>()
  const shown = (row: Row): Row => ({ ...row, key: keyOf.get(row.id) ?? null })
  const letGo = (id: string): void => {
    const key = keyOf.get(id)
    keyOf.delete(id)
    if (key !== undefined && owners.get(fold(key)) === id) owners.delete(fold(key))
  }
  const insertOne = async (row: Row): Promise<InsertResult> => {
    const { key } = row
    const owner = key === null ? undefined : owners.get(fold(key))
    if (gap) await turn()
    const there = (await storage.get([row.id]))[0]
    if (!there && owner !== undefined) return { duplicate: owner }
    const [answer] = await storage.insert([{ ...row, key: null }])
    if (key !== null && (answer === 'inserted' || (greedy && !owners.has(fold(key))))) {
      owners.set(fold(key), row.id)
      if (answer === 'inserted') keyOf.set(row.id, key)
    }
    return answer!
  }
  return altered(veiled(storage, shown), {
    async insert(rows) {
      const answers: InsertResult[] = []
      for (const row of rows) answers.push(await insertOne(row))
      return answers
    },
    async apply(changes) {
      const found = await storage.get(changes.map(({ row }) => row.id))
      const blind = changes.map(({ row, next }) => ({ row: { ...row, key: null }, next }))
      const answers = await storage.apply(blind)
      for (const [index, { row, next }] of changes.entries()) {
        if (answers[index] === 'applied' && found[index]?.rev === row.rev && !next?.keepKey) letGo(row.id)
      }
      return answers.map((answer, index) => {
        const before = found[index]
        const again = before && before.rev !== changes[index]!.row.rev
        return again ? (isOwnWrite(changes[index]!, shown(before)) ? 'applied' : 'stale') : answer
      })
    },
    async find(by, limit) {
      if ('key' in by) {
        const owner = owners.get(fold(by.key))
        const rows = owner === undefined ? [] : await storage.get([owner])
        return { rows: rows.filter((row) => row !== undefined).map(shown), after: null }
      }
      const { rows, after } = await storage.find(by, limit)
      return { rows: rows.map(shown), after }
    },
  })
}

/** Shows a key again that its row let go of, once a later apply says that the key is kept. */
function takenBack(storage: Storage): Storage {
  const first = new Map<string, string>()
  const back = new Set<string>()
  const shown = veiled(storage, (row) => (back.has(row.id) ? { ...row, key: first.get(row.id) ?? null } : row))
  return altered(shown, {
    insert(rows) {
      for (const { id, key } of rows) if (key !== null && !first.has(id)) first.set(id, key)
      return storage.insert(rows)
    },
    apply(changes) {
      for (const { row, next } of changes) if (next?.keepKey && row.key === null) back.add(row.id)
      return storage.apply(changes)
    },
  })
}

export const keyMutants: readonly Mutant[] = [
  {
    name: 'insert looks for the key first and stores later',
    breaks: 'P-KEY',
    of: (storage) => ownKeys(storage, { gap: true }),
  },
  {
    name: 'keys are compared without regard to case',
    breaks: 'PL-09',
    of: (storage) => ownKeys(storage, { fold: (key) => key.toLowerCase() }),
  },
  {
    name: 'keys are compared after unicode normalisation',
    breaks: 'PL-05',
    of: (storage) => ownKeys(storage, { fold: (key) => key.normalize('NFC') }),
  },
  {
    name: 'keys are compared without trailing spaces',
    breaks: 'PL-09',
    of: (storage) => ownKeys(storage, { fold: (key) => key.replace(/ +$/, '') }),
  },
  {
    name: 'keys are compared by their first 63 characters',
    breaks: 'PL-08',
    of: (storage) => ownKeys(storage, { fold: (key) => key.slice(0, 63) }),
  },
  {
    name: 'a row that is refused for its id takes its key',
    breaks: 'insert goes one after another',
    of: (storage) => ownKeys(storage, { greedy: true }),
  },
  {
    name: 'keys are not unique',
    breaks: 'P-KEY',
    of: (storage) =>
      ownKeys(storage, {
        fold: (() => {
          let count = 0
          return (key: string) => `${key}${count++}`
        })(),
      }),
  },
  {
    name: 'a key is never let go of',
    breaks: 'RC-02',
    of: (storage) => misapplied(storage, ({ row, next }) => ({ row, next: next && { ...next, keepKey: true } })),
  },
  {
    name: 'a key is let go of by every apply',
    breaks: 'keepKey',
    of: (storage) => misapplied(storage, ({ row, next }) => ({ row, next: next && { ...next, keepKey: false } })),
  },
  { name: 'a key is taken back', breaks: 'a row never takes a key', of: takenBack },
]
