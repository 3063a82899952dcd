/** Adapters whose apply lets zombies through. */
import type { NextRow, Storage } from '../../storage/index.ts'
import { turn } from '../waiting.ts'
import { altered, type Mutant, stored, unfenced, veiled } from './mutant.ts'

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

export const unfencedMutants: readonly Mutant[] = [
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
    name: 'a removal is not checked',
    breaks: 'P-FENCE',
    of: (storage) => unfenced(storage, ({ next }) => next === null),
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
  { name: 'apply looks first and writes later', breaks: 'compare-and-set is one step', of: lookThenWrite },
]
