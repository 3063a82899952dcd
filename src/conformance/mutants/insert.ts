/** Adapters whose insert is wrong: duplicates without a name, rows stored otherwise, fences that start again. */
import type { InsertResult, Row, Storage } from '../../storage/index.ts'
import { altered, type Mutant, revsHidden } from './mutant.ts'

/** Stores other rows than it was given. */
function storing(storage: Storage, alter: (row: Row) => Row): Storage {
  return altered(storage, { insert: (rows) => storage.insert(rows.map(alter)) })
}

/** Gives other answers than the storage gave. */
function answering(
  storage: Storage,
  alter: (answers: InsertResult[], rows: readonly Row[]) => InsertResult[],
): Storage {
  return altered(storage, { insert: async (rows) => alter(await storage.insert(rows), rows) })
}

function overwriting(storage: Storage): Storage {
  return altered(storage, {
    async insert(rows) {
      const answers = await storage.insert(rows)
      const again = rows.filter((row, index) => answers[index] !== 'inserted' && row.key === null)
      const there = (await storage.get(again.map((row) => row.id))).filter((row) => row !== undefined)
      await storage.apply(there.map((row) => ({ row, next: null })))
      await storage.insert(again.filter((row) => there.some(({ id }) => id === row.id)))
      return answers
    },
  })
}

function allOrNothing(storage: Storage): Storage {
  return altered(storage, {
    async insert(rows) {
      const there = await storage.get(rows.map((row) => row.id))
      const spoiled = there.some((row) => row !== undefined)
      return spoiled ? rows.map((row, index) => ({ duplicate: there[index]?.id ?? row.id })) : storage.insert(rows)
    },
  })
}

function goingOn(storage: Storage): Storage {
  const last = new Map<string, number>()
  return altered(storage, {
    async insert(rows) {
      return storage.insert(rows.map((row) => ({ ...row, rev: (last.get(row.id) ?? row.rev - 1) + 1 })))
    },
    async apply(changes) {
      for (const { row, next } of changes) if (next === null) last.set(row.id, row.rev)
      return storage.apply(changes)
    },
  })
}

export const insertMutants: readonly Mutant[] = [
  {
    name: 'a duplicate is answered with its own id in place of the owner’s',
    breaks: 'M32',
    of: (storage) =>
      answering(storage, (answers, rows) =>
        answers.map((answer, index) => (answer === 'inserted' ? answer : { duplicate: rows[index]!.id })),
      ),
  },
  {
    name: 'a duplicate is answered inserted',
    breaks: 'RC-01',
    of: (storage) => answering(storage, (answers) => answers.map(() => 'inserted')),
  },
  {
    name: 'a duplicate throws',
    breaks: 'DB-19',
    of: (storage) =>
      answering(storage, (answers) => {
        if (answers.some((answer) => answer !== 'inserted')) throw new Error('UNIQUE constraint failed')
        return answers
      }),
  },
  { name: 'a duplicate id overwrites the stored row', breaks: 'insert is harmless', of: overwriting },
  { name: 'insert is all or nothing', breaks: 'atomic per row, never per batch', of: allOrNothing },
  {
    name: 'insert lets the last row of a batch win',
    breaks: 'the first row wins',
    of: (storage) =>
      altered(storage, { insert: async (rows) => [...(await storage.insert([...rows].reverse()))].reverse() }),
  },
  {
    name: 'insert answers out of position',
    breaks: 'answers come by position',
    of: (storage) =>
      answering(storage, (answers) =>
        [...answers].sort((one, other) => (typeof one === typeof other ? 0 : typeof one === 'string' ? -1 : 1)),
      ),
  },
  { name: 'insert starts rev at 0', breaks: 'rev is stored as given', of: (storage) => revsHidden(storage, 'insert') },
  { name: 'an id that comes back goes on from its old rev', breaks: 'rev is stored as given', of: goingOn },
  {
    name: 'insert sets tries to 0',
    breaks: 'rows are stored as given',
    of: (storage) => storing(storage, (row) => ({ ...row, tries: 0 })),
  },
  {
    name: 'insert does not store doneAt',
    breaks: 'rows are stored as given',
    of: (storage) => storing(storage, (row) => ({ ...row, doneAt: null })),
  },
  {
    name: 'insert makes every row waiting',
    breaks: 'rows are stored as given',
    of: (storage) => storing(storage, (row) => ({ ...row, state: 'waiting' })),
  },
  {
    name: 'insert keeps 32 bits of tries and 15 of them at that',
    breaks: 'DB-28',
    of: (storage) => storing(storage, (row) => ({ ...row, tries: row.tries % 32_768 })),
  },
]
