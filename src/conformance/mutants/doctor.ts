/** Adapters whose doctor does harm, or says nothing that anybody could use. */
import type { Finding, Storage } from '../../storage/index.ts'
import { altered, type Mutant, remembering } from './mutant.ts'

const healthy: Finding = { level: 'ok', about: 'schema', message: 'The tables are of the version that is expected.' }

function finding(storage: Storage, ...findings: readonly unknown[]): Storage {
  return altered(storage, { doctor: () => findings as readonly Finding[] })
}

/** Looks whether it may write by writing to the rows that are there. */
function probing(storage: Storage, probe: (storage: Storage, ids: readonly string[]) => Promise<void>): Storage {
  const { storage: watched, rows } = remembering(storage)
  return altered(watched, {
    async doctor() {
      await probe(storage, [...rows.keys()])
      return [healthy]
    },
  })
}

export const doctorMutants: readonly Mutant[] = [
  { name: 'doctor finds nothing at all', breaks: 'findings are answers', of: (storage) => finding(storage) },
  {
    name: 'doctor answers a level of its own',
    breaks: 'three levels',
    of: (storage) => finding(storage, { ...healthy, level: 'info' }),
  },
  {
    name: 'doctor does not say what it looked at',
    breaks: 'what was looked at',
    of: (storage) => finding(storage, { ...healthy, about: '' }),
  },
  {
    name: 'doctor says nothing about what it found',
    breaks: 'what was found',
    of: (storage) => finding(storage, { ...healthy, message: ' ' }),
  },
  {
    name: 'doctor finds an error in a healthy storage',
    breaks: 'a start fails for an error alone',
    of: (storage) => finding(storage, { ...healthy, level: 'error' }),
  },
  {
    name: 'doctor writes to a row to see whether it may',
    breaks: 'a look changes nothing',
    of: (storage) =>
      probing(storage, async (inner, ids) => {
        const found = (await inner.get(ids)).filter((row) => row !== undefined)
        await inner.apply(found.map((row) => ({ row, next: { ...row, keepKey: true } })))
      }),
  },
  {
    name: 'doctor pushes out what is due',
    breaks: 'a look changes nothing',
    of: (storage) =>
      probing(storage, async (inner, ids) => {
        const found = (await inner.get(ids)).filter((row) => row !== undefined)
        for (const row of found) if (row.wakeAt !== null) await inner.extend([row], row.wakeAt + 3_600_000)
      }),
  },
  {
    name: 'doctor claims a row to see whether it can',
    breaks: 'a look changes nothing',
    of: (storage) =>
      probing(storage, async (inner, ids) => {
        const [first] = (await inner.get(ids)).filter((row) => row !== undefined && row.wakeAt !== null)
        if (!first) return
        const now = first.wakeAt!
        const wants = [{ name: first.name, limit: 1 }]
        await inner.claim({ wants, limit: 1, holder: 'doctor', now, until: now + 60_000 })
      }),
  },
]
