/** Adapters whose claim is wrong: rows that are handed out twice, too early, too many, or out of order. */
import { type ClaimRequest, type Row, RUNNING, type Storage, WAITING } from '../../storage/index.ts'
import { altered, type Mutant, remembering, revsHidden, turn, veiled } from './mutant.ts'

/** Claims with another request. */
function asking(storage: Storage, alter: (request: ClaimRequest) => ClaimRequest): Storage {
  return altered(storage, { claim: (request) => storage.claim(alter(request)) })
}

/** Shows rows that are claimed, and not written since, otherwise than they are. */
function claimsVeiled(storage: Storage, veil: (row: Row, before: Row) => Row): Storage {
  const claims = new Map<string, Row>()
  const shown = veiled(storage, (row) => {
    const before = claims.get(row.id)
    return before && before.rev < row.rev && row.holder !== before.holder ? veil(row, before) : row
  })
  return altered(shown, {
    async claim(request) {
      const names = request.wants.map(({ name }) => name)
      const { rows: known } = await storage.find({ names }, storage.traits.batchMax)
      const rows = await storage.claim(request)
      for (const row of rows) {
        const before = known.find(({ id }) => id === row.id)
        if (before) claims.set(row.id, before)
      }
      return rows.map((row) => veil(row, claims.get(row.id) ?? row))
    },
    async apply(changes) {
      const answers = await storage.apply(changes)
      for (const [index, { row }] of changes.entries()) if (answers[index] === 'applied') claims.delete(row.id)
      return answers
    },
  })
}

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
  {
    name: 'claim does not count tries',
    breaks: 'P-POISON',
    of: (storage) => claimsVeiled(storage, (row, before) => ({ ...row, tries: before.tries })),
  },
  { name: 'claim does not raise the rev', breaks: 'P-EPOCH', of: (storage) => revsHidden(storage, 'claim') },
  {
    name: 'claim turns every state into running',
    breaks: 'a job and a schedule are claimed, too',
    of: (storage) => claimsVeiled(storage, (row) => ({ ...row, state: RUNNING })),
  },
  {
    name: 'claim leaves waiting as it is',
    breaks: 'waiting becomes running',
    of: (storage) =>
      claimsVeiled(storage, (row, before) => (before.state === WAITING ? { ...row, state: WAITING } : row)),
  },
  {
    name: 'claim hands out waiting rows only',
    breaks: 'every state can be claimed',
    of: (storage) => {
      return altered(storage, {
        claim: async (request) => (await storage.claim(request)).filter((row) => row.state === RUNNING),
      })
    },
  },
  {
    name: 'claim does not write the holder',
    breaks: 'each claimed row gets the holder',
    of: (storage) => claimsVeiled(storage, (row, before) => ({ ...row, holder: before.holder })),
  },
  {
    name: 'claim answers rows as they were before',
    breaks: 'rows come back as they are afterwards',
    of: (storage) =>
      altered(storage, {
        claim: async (request) =>
          (await storage.claim(request)).map((row) => ({ ...row, rev: row.rev - 1, tries: row.tries - 1 })),
      }),
  },
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
