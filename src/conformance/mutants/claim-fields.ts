/** Adapters whose claim writes, or answers, the wrong fields. */
import { type Row, RUNNING, type Storage, WAITING } from '../../storage/index.ts'
import { altered, type Mutant, revsHidden, veiled } from './mutant.ts'

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

export const claimVeilMutants: readonly Mutant[] = [
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
]
