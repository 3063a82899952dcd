/** Adapters whose extend is wrong: beats of zombies, beats that spoil the holder's own settle. */
import type { Row, Storage } from '../../storage/index.ts'
import { altered, type Mutant, veiled } from './mutant.ts'

/** Extends with the stored row in place of the seen one, wherever `trusting` lets it through. */
function unfencedExtend(storage: Storage, trusting: (seen: Row, found: Row) => boolean): Storage {
  return altered(storage, {
    async extend(rows, until) {
      const found = await storage.get(rows.map((row) => row.id))
      return storage.extend(
        rows.map((row, index) => (found[index] && trusting(row, found[index]) ? found[index] : row)),
        until,
      )
    },
  })
}

/** Refuses some rows that a correct storage takes. */
function refusing(storage: Storage, refuses: (found: Row, seen: Row) => boolean): Storage {
  return altered(storage, {
    async extend(rows, until) {
      const found = await storage.get(rows.map((row) => row.id))
      const kept = rows.filter((row, index) => !(found[index] && refuses(found[index], row)))
      const answers = await storage.extend(kept, until)
      return rows.map((row) => answers[kept.indexOf(row)] ?? false)
    },
  })
}

/** Refuses a lapsed lease, by the time of the last claim that it saw. */
function strict(storage: Storage): Storage {
  let now = 0
  const refused = refusing(storage, (found) => found.wakeAt !== null && found.wakeAt <= now)
  return altered(refused, {
    claim(request) {
      now = Math.max(now, request.now)
      return storage.claim(request)
    },
  })
}

/** Writes with every beat, so that the rev goes up and the holder's own fence is spent. */
function bumping(storage: Storage): Storage {
  return altered(storage, {
    async extend(rows, until) {
      const found = await storage.get(rows.map((row) => row.id))
      const answers: boolean[] = []
      for (const [index, row] of rows.entries()) {
        const now = found[index]
        const fits = now !== undefined && now.rev === row.rev && now.wakeAt !== null
        answers.push(
          fits &&
            (await storage.apply([{ row: now, next: { ...now, wakeAt: until, keepKey: true } }]))[0] === 'applied',
        )
      }
      return answers
    },
  })
}

/** Remembers something of the caller's copy and shows it from then on. */
function copying(storage: Storage): Storage {
  const memos = new Map<string, string>()
  const shown = veiled(storage, (row) => ({ ...row, memo: memos.get(`${row.id} ${row.rev}`) ?? row.memo }))
  return altered(shown, {
    async extend(rows, until) {
      const answers = await storage.extend(rows, until)
      for (const [index, row] of rows.entries()) if (answers[index]) memos.set(`${row.id} ${row.rev}`, row.memo)
      return answers
    },
  })
}

export const extendMutants: readonly Mutant[] = [
  { name: 'extend is not checked', breaks: 'LZ-04', of: (storage) => unfencedExtend(storage, () => true) },
  {
    name: 'extend checks the holder, and no rev',
    breaks: 'LZ-06',
    of: (storage) => unfencedExtend(storage, (seen, found) => seen.holder === found.holder),
  },
  {
    name: 'extend takes a rev from the future',
    breaks: 'P-FENCE',
    of: (storage) => unfencedExtend(storage, (seen, found) => seen.rev >= found.rev),
  },
  { name: 'extend raises the rev', breaks: 'a beat in flight must not make the own settle stale', of: bumping },
  {
    name: 'extend goes by the wakeAt that was seen',
    breaks: 'extend goes by the rev',
    of: (storage) => refusing(storage, (found, seen) => found.wakeAt !== seen.wakeAt),
  },
  {
    name: 'extend refuses a lapsed lease that nobody has claimed',
    breaks: 'leases bound waiting, rev bounds truth',
    of: strict,
  },
  {
    name: 'extend refuses rows that are not running',
    breaks: 'extend asks for the rev and a wake time',
    of: (storage) => refusing(storage, (found) => found.state !== 'running'),
  },
  {
    name: 'extend never shortens a lease',
    breaks: 'extend moves wakeAt',
    of: (storage) =>
      altered(storage, {
        async extend(rows, until) {
          const found = await storage.get(rows.map((row) => row.id))
          const answers: boolean[] = []
          for (const [index, row] of rows.entries())
            answers.push((await storage.extend([row], Math.max(until, found[index]?.wakeAt ?? 0)))[0]!)
          return answers
        },
      }),
  },
  {
    name: 'extend answers true and does nothing',
    breaks: 'extend moves wakeAt',
    of: (storage) => altered(storage, { extend: (rows) => rows.map(() => true) }),
  },
  {
    name: 'extend answers true to every row',
    breaks: 'LZ-04',
    of: (storage) =>
      altered(storage, {
        extend: async (rows, until) => {
          await storage.extend(rows, until)
          return rows.map(() => true)
        },
      }),
  },
  {
    name: 'extend answers false to every row',
    breaks: 'extend',
    of: (storage) =>
      altered(storage, {
        extend: async (rows, until) => {
          await storage.extend(rows, until)
          return rows.map(() => false)
        },
      }),
  },
  {
    name: 'extend answers true to a row without a wake time',
    breaks: 'extend',
    of: (storage) =>
      altered(storage, {
        async extend(rows, until) {
          const found = await storage.get(rows.map((row) => row.id))
          const answers = await storage.extend(rows, until)
          return answers.map(
            (answer, index) => answer || (found[index]?.rev === rows[index]!.rev && found[index].wakeAt === null),
          )
        },
      }),
  },
  {
    name: 'extend answers out of position',
    breaks: 'answers come by position',
    of: (storage) =>
      altered(storage, { extend: async (rows, until) => [...(await storage.extend(rows, until))].reverse() }),
  },
  {
    name: 'extend is off by one',
    breaks: 'extend moves wakeAt to until',
    of: (storage) => altered(storage, { extend: (rows, until) => storage.extend(rows, until - 1) }),
  },
  { name: 'extend writes the memo of the caller’s copy', breaks: 'extend changes wakeAt alone', of: copying },
]
