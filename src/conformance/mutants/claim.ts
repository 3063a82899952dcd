/** Adapters whose claim is wrong: rows that are handed out twice, too early, or too many. */
import type { ClaimRequest, Row, Storage } from '../../storage/index.ts'
import { turn } from '../waiting.ts'
import { altered, type Mutant, remembering } from './mutant.ts'

/** Claims with another request. */
function asking(storage: Storage, alter: (request: ClaimRequest) => ClaimRequest): Storage {
  return altered(storage, { claim: (request) => storage.claim(alter(request)) })
}

/** Ends the leases of the last claim before it makes the next. */
function stealing(storage: Storage): Storage {
  let held: Row[] = []
  return altered(storage, {
    async claim(request) {
      await storage.extend(held, request.now)
      held = await storage.claim(request)
      return held
    },
  })
}

/** Of two claims at the same time the second gets what the first one gets. */
function sharing(storage: Storage): Storage {
  let under: Promise<Row[]> | undefined
  return altered(storage, {
    async claim(request) {
      if (under) return (await under).map((row) => ({ ...row, holder: request.holder }))
      under = turn().then(() => storage.claim(request))
      const rows = await under
      under = undefined
      return rows
    },
  })
}

function anyName(storage: Storage): Storage {
  const { storage: watched, rows } = remembering(storage)
  return altered(watched, {
    claim(request) {
      const names = new Set([...request.wants.map(({ name }) => name), ...[...rows.values()].map(({ name }) => name)])
      return storage.claim({ ...request, wants: [...names].map((name) => ({ name, limit: request.limit })) })
    },
  })
}

function anyCase(storage: Storage): Storage {
  const { storage: watched, rows } = remembering(storage)
  return altered(watched, {
    claim(request) {
      const names = new Map(request.wants.map(({ name, limit }) => [name, limit]))
      for (const { name } of rows.values()) {
        const like = request.wants.find((want) => want.name.toLowerCase() === name.toLowerCase())
        if (like) names.set(name, like.limit)
      }
      return storage.claim({ ...request, wants: [...names].map(([name, limit]) => ({ name, limit })) })
    },
  })
}

export const claimMutants: readonly Mutant[] = [
  {
    name: 'a lease ends when now > wakeAt',
    breaks: 'LZ-10',
    of: (storage) => asking(storage, (request) => ({ ...request, now: request.now - 1 })),
  },
  {
    name: 'a row is due 1 ms early',
    breaks: 'LZ-10',
    of: (storage) => asking(storage, (request) => ({ ...request, now: request.now + 1 })),
  },
  {
    name: 'claim goes by a clock that is an hour fast',
    breaks: 'CK-01',
    of: (storage) => asking(storage, (request) => ({ ...request, now: request.now + 3_600_000 })),
  },
  { name: 'claim hands out a row whose lease runs', breaks: 'P-EXCL', of: stealing },
  { name: 'two claims at the same time share their rows', breaks: 'P-EXCL', of: sharing },
  {
    name: 'claim judges a lease by the length of its own',
    breaks: 'LZ-13',
    of: (storage) => {
      const starts = new Map<string, Row>()
      return altered(storage, {
        async claim(request) {
          const short = [...starts.values()].filter((row) => row.wakeAt !== null && row.wakeAt <= request.until)
          await storage.extend(short, request.now)
          const rows = await storage.claim(request)
          for (const row of rows)
            starts.set(row.id, { ...row, wakeAt: request.now + (request.until - request.now) / 2 })
          return rows
        },
      })
    },
  },
  {
    name: 'claim gives every lease a length of its own',
    breaks: 'LZ-13',
    of: (storage) => asking(storage, (request) => ({ ...request, until: request.now + 30_000 })),
  },
  { name: 'claim does not look at the name', breaks: 'P-ISOLATE', of: anyName },
  { name: 'claim compares names without regard to case', breaks: 'PL-08', of: anyCase },
  {
    name: "claim does not keep a name's limit",
    breaks: "claim keeps every name's limit",
    of: (storage) =>
      asking(storage, (request) => ({
        ...request,
        wants: request.wants.map(({ name }) => ({ name, limit: request.limit })),
      })),
  },
  {
    name: 'claim does not keep the whole limit',
    breaks: 'LD-04',
    of: (storage) => asking(storage, (request) => ({ ...request, limit: storage.traits.batchMax })),
  },
  {
    name: 'claim hands out one row too few of those that it took',
    breaks: 'a claimed row is handed out',
    of: (storage) =>
      altered(storage, {
        claim: async (request) => (await storage.claim(request)).slice(0, Math.max(1, request.limit - 1)),
      }),
  },
  {
    name: 'claim looks at the first name alone',
    breaks: 'claim takes from every name',
    of: (storage) => asking(storage, (request) => ({ ...request, wants: request.wants.slice(0, 1) })),
  },
]
