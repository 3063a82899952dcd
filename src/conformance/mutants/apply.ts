/** Adapters whose apply loses fields, or calls the holder stale. */
import type { Storage } from '../../storage/index.ts'
import { turn } from '../waiting.ts'
import { altered, type Mutant, misapplied, revsHidden, stored } from './mutant.ts'

const FIELDS = ['state', 'priority', 'wakeAt', 'tries', 'holder', 'doneAt', 'memo'] as const

/** Apply leaves one field of the row as it was. */
const forgetful = FIELDS.map(
  (field): Mutant => ({
    name: `apply does not write ${field}`,
    breaks: 'next is written whole',
    of: (storage) => misapplied(storage, ({ row, next }) => ({ row, next: next && { ...next, [field]: row[field] } })),
  }),
)

/** An extend that is under way makes the apply of its row stale, as a join by the row's place did on Postgres. */
function beatMakesStale(storage: Storage): Storage {
  const beating = new Set<string>()
  return altered(storage, {
    async extend(rows, until) {
      for (const { id } of rows) beating.add(id)
      await turn()
      for (const { id } of rows) beating.delete(id)
      return storage.extend(rows, until)
    },
    async apply(changes) {
      await Promise.resolve()
      const alone = changes.filter(({ row }) => !beating.has(row.id))
      const answers = await storage.apply(alone)
      return changes.map((change) => answers[alone.indexOf(change)] ?? 'stale')
    },
  })
}

export const applyMutants: readonly Mutant[] = [
  ...forgetful,
  {
    name: 'apply goes by wakeAt beside the rev, so that an extend makes it stale',
    breaks: 'an extend meanwhile does not count',
    of: (storage) =>
      altered(storage, {
        async apply(changes) {
          const found = await stored(storage, changes)
          const moved = (index: number) =>
            found[index]?.rev === changes[index]!.row.rev && found[index]?.wakeAt !== changes[index]!.row.wakeAt
          const kept = changes.filter((_, index) => !moved(index))
          const answers = await storage.apply(kept)
          return changes.map((change) => answers[kept.indexOf(change)] ?? 'stale')
        },
      }),
  },
  {
    name: 'apply refuses a row that is not running',
    breaks: 'apply asks for the rev alone',
    of: (storage) =>
      altered(storage, {
        async apply(changes) {
          const found = await stored(storage, changes)
          const kept = changes.filter((_, index) => found[index]?.state === 'running')
          const answers = await storage.apply(kept)
          return changes.map((change) => answers[kept.indexOf(change)] ?? 'stale')
        },
      }),
  },
  {
    name: 'a removal does not happen',
    breaks: 'null removes the row',
    of: (storage) =>
      altered(storage, {
        async apply(changes) {
          const kept = changes.filter(({ next }) => next !== null)
          const answers = await storage.apply(kept)
          return changes.map((change) => answers[kept.indexOf(change)] ?? 'applied')
        },
      }),
  },
  { name: 'apply does not raise the rev', breaks: 'P-EPOCH', of: (storage) => revsHidden(storage, 'apply') },
  {
    name: 'an extend under way makes an apply stale',
    breaks: 'an extend meanwhile does not count',
    of: beatMakesStale,
  },
  {
    name: 'apply is all or nothing',
    breaks: 'atomic per row, never per batch',
    of: (storage) =>
      altered(storage, {
        async apply(changes) {
          const found = await stored(storage, changes)
          const spoiled = changes.some(({ row }, index) => found[index] && found[index].rev !== row.rev)
          return spoiled ? changes.map(() => 'stale') : storage.apply(changes)
        },
      }),
  },
]
