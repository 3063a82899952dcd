/** Adapters whose claims come out of order. */
import type { Row, Storage } from '../../storage/index.ts'
import { altered, type Mutant } from './mutant.ts'

/** Hands out what it claimed in another order, by how the rows were before. */
function ordered(storage: Storage, order: (one: Row, other: Row) => number): Storage {
  return altered(storage, {
    async claim(request) {
      const names = request.wants.map(({ name }) => name)
      const before = new Map((await storage.find({ names }, storage.traits.batchMax)).rows.map((row) => [row.id, row]))
      const known = (row: Row): Row => before.get(row.id) ?? row
      return [...(await storage.claim(request))].sort((one, other) => order(known(one), known(other)))
    },
  })
}

const byId = (one: Row, other: Row): number => (one.id < other.id ? -1 : 1)

const asText = (one: unknown, other: unknown): number =>
  String(one) === String(other) ? 0 : String(one) < String(other) ? -1 : 1

export const orderMutants: readonly Mutant[] = [
  {
    name: 'claim hands out the last row first',
    breaks: 'P-ORDER',
    of: (storage) => altered(storage, { claim: async (request) => [...(await storage.claim(request))].reverse() }),
  },
  {
    name: 'claim does not go by priority',
    breaks: 'P-ORDER',
    of: (storage) =>
      ordered(storage, (one, other) => one.wakeAt! - other.wakeAt! || one.tries - other.tries || byId(one, other)),
  },
  {
    name: 'claim does not go by wakeAt',
    breaks: 'P-ORDER',
    of: (storage) =>
      ordered(storage, (one, other) => one.priority - other.priority || one.tries - other.tries || byId(one, other)),
  },
  {
    name: 'claim does not go by tries',
    breaks: 'P-ORDER',
    of: (storage) =>
      ordered(
        storage,
        (one, other) => one.priority - other.priority || one.wakeAt! - other.wakeAt! || byId(one, other),
      ),
  },
  {
    name: 'claim compares wakeAt as text',
    breaks: 'P-ORDER',
    of: (storage) =>
      ordered(
        storage,
        (one, other) =>
          one.priority - other.priority ||
          asText(one.wakeAt, other.wakeAt) ||
          one.tries - other.tries ||
          byId(one, other),
      ),
  },
  {
    name: 'claim compares tries as text',
    breaks: 'P-ORDER',
    of: (storage) =>
      ordered(
        storage,
        (one, other) =>
          one.priority - other.priority ||
          one.wakeAt! - other.wakeAt! ||
          asText(one.tries, other.tries) ||
          byId(one, other),
      ),
  },
  {
    name: 'claim compares ids by the language',
    breaks: 'PL-09',
    of: (storage) =>
      ordered(
        storage,
        (one, other) =>
          one.priority - other.priority ||
          one.wakeAt! - other.wakeAt! ||
          one.tries - other.tries ||
          one.id.localeCompare(other.id),
      ),
  },
  {
    name: 'claim goes by wakeAt as it is after the claim',
    breaks: 'the order is that before the claim',
    of: (storage) =>
      altered(storage, {
        claim: async (request) =>
          [...(await storage.claim(request))].sort((one, other) => one.priority - other.priority || byId(one, other)),
      }),
  },
]
