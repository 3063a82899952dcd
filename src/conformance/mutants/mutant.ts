/** What a mutant is, and the few ways to make a correct storage wrong from outside. */
import type { ApplyResult, Change, Page, Row, Storage } from '../../storage/index.ts'
import { altered } from '../altered.ts'

/** A correct storage made wrong in one way. The suite must find every one of them out. */
export interface Mutant {
  readonly name: string
  /** The promise that it breaks. */
  readonly breaks: string
  readonly of: (storage: Storage) => Storage
}

export { altered }

/** The same storage, whose rows look otherwise to whoever gets them. */
export function veiled(storage: Storage, veil: (row: Row) => Row): Storage {
  const page = async (found: Page | Promise<Page>): Promise<Page> => {
    const { rows, after } = await found
    return { rows: rows.map(veil), after }
  }
  return altered(storage, {
    claim: async (request) => (await storage.claim(request)).map(veil),
    get: async (ids) => (await storage.get(ids)).map((row) => row && veil(row)),
    find: (by, limit) => page(storage.find(by, limit)),
  })
}

/** What is stored now of the rows that these changes are about. */
export function stored(storage: Storage, changes: readonly Change[]): Promise<(Row | undefined)[]> {
  return Promise.resolve(storage.get(changes.map(({ row }) => row.id)))
}

/** Applies with the stored rev in place of the seen one, wherever `trusting` lets a change through. */
export function unfenced(storage: Storage, trusting: (change: Change, found: Row) => boolean): Storage {
  return altered(storage, {
    async apply(changes) {
      const found = await stored(storage, changes)
      return storage.apply(
        changes.map((change, index) => {
          const row = found[index]
          return row && trusting(change, row) ? { ...change, row } : change
        }),
      )
    },
  })
}

/** Applies changes that were altered first. */
export function misapplied(storage: Storage, alter: (change: Change) => Change): Storage {
  return altered(storage, { apply: (changes) => storage.apply(changes.map(alter)) })
}

/** Gives other answers to apply than the storage gave, knowing what was stored before. */
export function misanswered(
  storage: Storage,
  answer: (change: Change, before: Row | undefined, given: ApplyResult) => ApplyResult,
): Storage {
  return altered(storage, {
    async apply(changes) {
      const before = await stored(storage, changes)
      const given = await storage.apply(changes)
      return given.map((each, index) => answer(changes[index]!, before[index], each))
    },
  })
}

/** Every id that was ever inserted, for mutants that search where they should not. */
export function remembering(storage: Storage): { storage: Storage; rows: Map<string, Row> } {
  const rows = new Map<string, Row>()
  const watched = altered(storage, {
    insert(batch) {
      for (const row of batch) if (!rows.has(row.id)) rows.set(row.id, row)
      return storage.insert(batch)
    },
  })
  return { storage: watched, rows }
}

/** Hides some of the revs that the storage counts: `times` tells by how many the shown rev is behind. */
export function revsHidden(storage: Storage, hiding: 'claim' | 'apply' | 'insert'): Storage {
  const hidden = new Map<string, number>()
  const behind = (id: string): number => hidden.get(id) ?? 0
  const out = (row: Row): Row => ({ ...row, rev: row.rev - behind(row.id) })
  const back = (row: Row): Row => ({ ...row, rev: row.rev + behind(row.id) })
  const shown = veiled(storage, out)
  return altered(shown, {
    async insert(rows) {
      const answers = await storage.insert(rows)
      if (hiding !== 'insert') return answers
      for (const [index, row] of rows.entries()) if (answers[index] === 'inserted') hidden.set(row.id, row.rev)
      return answers
    },
    async claim(request) {
      const rows = await storage.claim(request)
      if (hiding === 'claim') for (const row of rows) hidden.set(row.id, behind(row.id) + 1)
      return rows.map(out)
    },
    extend: (rows, until) => storage.extend(rows.map(back), until),
    async apply(changes) {
      const answers = await storage.apply(changes.map(({ row, next }) => ({ row: back(row), next })))
      if (hiding !== 'apply') return answers
      for (const [index, { row }] of changes.entries()) {
        if (answers[index] === 'applied') hidden.set(row.id, behind(row.id) + 1)
      }
      return answers
    },
  })
}
