/** Adapters whose find trusts an index that lags: it gives rows as they once were. */
import type { FindBy, Row, Storage } from '../../storage/index.ts'
import { altered, type Mutant } from './mutant.ts'

type Question = 'names' | 'doneBefore' | 'claimedBy'

const questions = ['doneBefore', 'claimedBy', 'names'] as const satisfies readonly Question[]

/** What each is named for, the narrower first: two of them have names as well. */
const questionOf = (by: FindBy): Question | undefined => questions.find((question) => question in by)

/** Answers one kind of question from a copy of the rows, which hears of claims and applies a call too late. */
function lagging(storage: Storage, question: Question, alter: (old: Row, now: Row | undefined) => Row | undefined) {
  const copies = new Map<string, Row>()
  return altered(storage, {
    traits: { ...storage.traits, lagMs: 1 },
    async insert(rows) {
      const answers = await storage.insert(rows)
      for (const [index, row] of rows.entries()) if (answers[index] === 'inserted') copies.set(row.id, row)
      return answers
    },
    async claim(request) {
      const rows = await storage.claim(request)
      // What the claim made of them is what is asked for; only what comes later is heard of late.
      if (question === 'claimedBy') for (const row of rows) copies.set(row.id, row)
      return rows
    },
    async find(by, limit) {
      if (questionOf(by) !== question) return storage.find(by, limit)
      const { rows, after } = await storage.find(by, limit)
      const current = new Map(rows.map((row) => [row.id, row]))
      for (const [id, old] of copies) {
        const [now] = await storage.get([id])
        const shown = old.rev === now?.rev || !fits(old, by) ? undefined : alter(old, now)
        if (shown) current.set(id, shown)
        if (now) copies.set(id, now)
        else copies.delete(id)
      }
      return { rows: [...current.values()].slice(0, limit), after }
    },
  })
}

function fits(row: Row, by: FindBy): boolean {
  if ('states' in by && by.states && !by.states.includes(row.state)) return false
  if ('names' in by && by.names && !by.names.includes(row.name)) return false
  if ('claimedBy' in by) return row.holder === by.claimedBy && row.wakeAt === by.until
  return !('doneBefore' in by) || (row.doneAt !== null && row.doneAt < by.doneBefore)
}

export const findCurrentMutants: readonly Mutant[] = questions.flatMap((question) => [
  {
    name: `find by ${question} gives a row that is gone while its index lags`,
    breaks: 'a purge never shows a row that is gone',
    of: (storage) => lagging(storage, question, (old, now) => (now === undefined ? old : undefined)),
  },
  {
    name: `find by ${question} gives a row as it was while its index lags`,
    breaks: 'what comes back is as it is now',
    of: (storage) => lagging(storage, question, (old, now) => now && old),
  },
  {
    name: `find by ${question} gives a row that no longer fits while its index lags`,
    breaks: 'what comes back fits the question',
    of: (storage) => lagging(storage, question, (_, now) => now),
  },
])
