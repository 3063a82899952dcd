/** Mutants of what surrounds the verbs: empty batches, traits, the clock, the end. */
import { altered, type Mutant } from './mutant.ts'

export const aroundMutants: readonly Mutant[] = [
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
  ...(['claim', 'apply', 'get'] as const).map(
    (verb): Mutant => ({
      name: `${verb} after close is answered with nothing`,
      breaks: 'SD-05',
      of(storage) {
        let isClosed = false
        const close = async () => {
          isClosed = true
          await storage.close?.()
        }
        const call = storage[verb].bind(storage) as (...args: unknown[]) => never
        const answer = (...args: unknown[]) => (isClosed ? ([] as never) : call(...args))
        return altered(storage, { close, [verb]: answer })
      },
    }),
  ),
]
