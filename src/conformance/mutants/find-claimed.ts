/** Adapters that do not find just what is left of a claim. */
import type { FindBy, Row, Storage } from '../../storage/index.ts'
import { altered, type Mutant, remembering } from './mutant.ts'

type ByClaim = Extract<FindBy, { claimedBy: string }>

/** Looks through every row that was ever inserted, by another test than the contract's. */
function fitting(storage: Storage, fits: (row: Row, by: ByClaim) => boolean): Storage {
  const { storage: watched, rows } = remembering(storage)
  return altered(watched, {
    async find(by, limit) {
      if (!('claimedBy' in by)) return storage.find(by, limit)
      const found: Row[] = []
      for (const id of rows.keys()) {
        const [row] = await storage.get([id])
        if (row && fits(row, by)) found.push(row)
      }
      return { rows: found.slice(0, limit), after: null }
    },
  })
}

const isNamed = (row: Row, { names }: ByClaim): boolean => names.includes(row.name)
const isHeld = (row: Row, { claimedBy }: ByClaim): boolean => row.holder === claimedBy
const endsThen = (row: Row, { until }: ByClaim): boolean => row.wakeAt === until
const isLeft = (row: Row, by: ByClaim): boolean => isNamed(row, by) && isHeld(row, by) && endsThen(row, by)

const flaws: Readonly<Record<string, (row: Row, by: ByClaim) => boolean>> = {
  'does not look at the holder': (row, by) => isNamed(row, by) && endsThen(row, by),
  'reads the holder as a prefix': (row, by) =>
    isNamed(row, by) && endsThen(row, by) && row.holder?.startsWith(by.claimedBy) === true,
  'compares holders without regard to case': (row, by) =>
    isNamed(row, by) && endsThen(row, by) && row.holder?.toLowerCase() === by.claimedBy.toLowerCase(),
  'does not look at until': (row, by) => isNamed(row, by) && isHeld(row, by),
  'gives what is due until then': (row, by) =>
    isNamed(row, by) && isHeld(row, by) && row.wakeAt !== null && row.wakeAt <= by.until,
  'does not look at names': (row, by) => isHeld(row, by) && endsThen(row, by),
  'looks at the first name alone': (row, by) => isLeft(row, by) && row.name === by.names[0],
  'gives running rows alone': (row, by) => isLeft(row, by) && row.state === 'running',
  'looks at one priority alone': (row, by) => isLeft(row, by) && row.priority === 5,
  'leaves parts out': (row, by) => isLeft(row, by) && row.parent === null,
}

export const findClaimedMutants: readonly Mutant[] = [
  ...Object.entries(flaws).map(([flaw, fits]) => ({
    name: `find by claimedBy ${flaw}`,
    breaks: 'what is left of a claim',
    of: (storage: Storage) => fitting(storage, fits),
  })),
  {
    name: 'find by claimedBy gives an after',
    breaks: 'after is null',
    of: (storage) =>
      altered(storage, {
        async find(by, limit) {
          const page = await storage.find(by, limit)
          return 'claimedBy' in by ? { ...page, after: page.rows.at(-1)?.id ?? null } : page
        },
      }),
  },
]
