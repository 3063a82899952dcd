/** Mutants of count. */
import { altered, type Mutant } from './mutant.ts'

export const countMutants: readonly Mutant[] = [
  {
    name: 'count does not stop at upTo',
    breaks: 'count MUST stop at upTo',
    of: (storage) => altered(storage, { count: (by) => storage.count({ ...by, upTo: 1e9 }) }),
  },
  {
    name: 'count does not say that it is capped',
    breaks: 'count says so',
    of: (storage) => altered(storage, { count: async (by) => ({ ...(await storage.count(by)), capped: false }) }),
  },
  {
    name: 'count always says that it is capped',
    breaks: 'count says so',
    of: (storage) => altered(storage, { count: async (by) => ({ ...(await storage.count(by)), capped: true }) }),
  },
  {
    name: 'count does not look at states',
    breaks: 'states',
    of: (storage) => altered(storage, { count: ({ states: _, ...by }) => storage.count(by) }),
  },
  {
    name: 'count does not look at the parent',
    breaks: 'parent',
    of: (storage) =>
      altered(storage, { count: ({ states, upTo }) => storage.count({ upTo, ...(states && { states }) }) }),
  },
  {
    name: 'count keeps numbers in a plain object',
    breaks: 'PL-04',
    of: (storage) =>
      altered(storage, {
        count: async (by) => {
          const { counts, capped } = await storage.count(by)
          const plain: Record<string, Record<string, number>> = {}
          for (const [name, states] of Object.entries(counts)) plain[name] = states
          return { counts: plain, capped }
        },
      }),
  },
]
