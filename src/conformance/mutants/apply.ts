/** Adapters whose apply is wrong: zombies that settle, fields that are lost, own writes that are not known. */
import { isOwnWrite, type NextRow, type Row, type Storage } from '../../storage/index.ts'
import { altered, type Mutant, misanswered, misapplied, revsHidden, stored, turn, unfenced, veiled } from './mutant.ts'

const FIELDS = ['state', 'priority', 'wakeAt', 'tries', 'holder', 'doneAt', 'memo'] as const

/** Apply leaves one field of the row as it was. */
const forgetful = FIELDS.map(
  (field): Mutant => ({
    name: `apply does not write ${field}`,
    breaks: 'next is written whole',
    of: (storage) => misapplied(storage, ({ row, next }) => ({ row, next: next && { ...next, [field]: row[field] } })),
  }),
)

/** Apply takes another's write for its own, because it compares all fields but one. */
const shortSighted = [...FIELDS, 'key' as const].map(
  (field): Mutant => ({
    name: `apply does not look at ${field} when it recognises its own write`,
    breaks: 'an own write is exactly as the change would have made it',
    of: (storage) =>
      misanswered(storage, (change, before, given) => {
        if (!before || change.next === null || given === 'applied') return given
        const key = change.next.keepKey ? change.row.key : null
        const as: Row = { ...before, [field]: field === 'key' ? key : change.next[field] }
        return isOwnWrite(change, as) ? 'applied' : given
      }),
  }),
)

/** A zombie's write is answered 'stale', and yet something of it gets through. */
function leaking(what: string, part: (next: NextRow) => Partial<NextRow>): Mutant {
  return {
    name: `a stale apply leaks ${what}`,
    breaks: 'apply on another rev changes nothing, to the byte',
    of(storage) {
      const leaked = new Map<string, Partial<NextRow>>()
      const shown = veiled(storage, (row) => {
        const { keepKey, ...fields } = leaked.get(`${row.id} ${row.rev}`) ?? {}
        return { ...row, ...fields, ...(keepKey === false && { key: null }) }
      })
      return altered(shown, {
        async apply(changes) {
          const before = await stored(storage, changes)
          const answers = await storage.apply(changes)
          for (const [index, { next }] of changes.entries()) {
            const row = before[index]
            if (answers[index] === 'stale' && row && next) leaked.set(`${row.id} ${row.rev}`, part(next))
          }
          return answers
        },
      })
    },
  }
}

/** Looks, lets others go first, then writes what it saw to be right. */
function lookThenWrite(storage: Storage): Storage {
  return altered(storage, {
    async apply(changes) {
      const seen = await stored(storage, changes)
      await turn()
      const now = await stored(storage, changes)
      return storage.apply(
        changes.map((change, index) => {
          const current = seen[index]?.rev === change.row.rev ? now[index] : undefined
          return current ? { ...change, row: current } : change
        }),
      )
    },
  })
}

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
  ...shortSighted,
  leaking('its memo', ({ memo }) => ({ memo })),
  leaking('its state', ({ state }) => ({ state })),
  leaking('its wakeAt', ({ wakeAt }) => ({ wakeAt })),
  leaking('its letting go of the key', ({ keepKey }) => ({ keepKey })),
  { name: 'apply is not checked', breaks: 'P-FENCE', of: (storage) => unfenced(storage, () => true) },
  {
    name: 'apply checks that the state is running, and no rev',
    breaks: 'a state is never enough',
    of: (storage) => unfenced(storage, (_, found) => found.state === 'running'),
  },
  {
    name: 'apply checks the holder, and no rev',
    breaks: 'a worker id is never enough',
    of: (storage) => unfenced(storage, ({ row }, found) => found.holder === row.holder),
  },
  {
    name: 'apply checks the worker behind the holder, and no rev',
    breaks: 'a worker id is never enough',
    of: (storage) =>
      unfenced(
        storage,
        ({ row }, found) => found.holder !== null && found.holder.split('#')[0] === row.holder?.split('#')[0],
      ),
  },
  {
    name: 'apply takes a rev that is behind by one',
    breaks: 'P-FENCE',
    of: (storage) => unfenced(storage, ({ row }, found) => found.rev === row.rev + 1),
  },
  {
    name: 'apply takes a rev from the future',
    breaks: 'P-FENCE',
    of: (storage) => unfenced(storage, ({ row }, found) => found.rev <= row.rev),
  },
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
    name: 'an own write that comes again is stale',
    breaks: 'P-AMBIG',
    of: (storage) =>
      misanswered(storage, (change, before, given) => (before?.rev === change.row.rev ? given : 'stale')),
  },
  {
    name: 'an own removal that comes again is stale',
    breaks: 'P-AMBIG',
    of: (storage) =>
      misanswered(storage, (change, before, given) => (change.next === null && !before ? 'stale' : given)),
  },
  {
    name: 'a second, different apply of one rev is answered applied',
    breaks: 'P-ONE-OUTCOME',
    of: (storage) =>
      misanswered(storage, (change, before, given) => (before?.rev === change.row.rev + 1 ? 'applied' : given)),
  },
  {
    name: 'a removal is answered applied whatever the rev',
    breaks: 'P-FENCE',
    of: (storage) => misanswered(storage, (change, _, given) => (change.next === null ? 'applied' : given)),
  },
  {
    name: 'a removal is not checked',
    breaks: 'P-FENCE',
    of: (storage) => unfenced(storage, ({ next }) => next === null),
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
  {
    name: 'an apply to a row that is gone is answered applied',
    breaks: 'RS-02',
    of: (storage) => misanswered(storage, (_, before, given) => (before ? given : 'applied')),
  },
  {
    name: 'an apply to a row that is gone brings it back',
    breaks: 'RS-02',
    of: (storage) =>
      altered(storage, {
        async apply(changes) {
          const found = await stored(storage, changes)
          const gone = changes.filter(({ next }, index) => next && !found[index]).map(({ row }) => row)
          await storage.insert(gone)
          return storage.apply(changes)
        },
      }),
  },
  { name: 'apply does not raise the rev', breaks: 'P-EPOCH', of: (storage) => revsHidden(storage, 'apply') },
  { name: 'apply looks first and writes later', breaks: 'compare-and-set is one step', of: lookThenWrite },
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
