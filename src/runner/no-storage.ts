/** In the place of a storage where there is none: an instance whose only work is the app's own tables. */
import type { Storage } from '../storage/storage.ts'

function refuse(): never {
  throw new TypeError('Expected `storage` to be given to `piecework`: this instance has only row dispatchers')
}

/** Holds nothing and takes nothing. */
export const noStorage: Storage = {
  traits: {
    durable: false,
    shared: false,
    order: 'exact',
    batchMax: 1,
    rowMaxBytes: 0,
    lagMs: 0,
    leaseMs: 30_000,
  },
  insert: refuse,
  claim: () => [],
  extend: (rows) => rows.map(() => false),
  apply: (changes) => changes.map(() => 'stale'),
  get: (ids) => ids.map(() => undefined),
  find: () => ({ rows: [], after: null }),
  count: () => ({ counts: {}, capped: false }),
}
