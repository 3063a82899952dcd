/** Adapters that do not know their own write, or take another’s for it. */
import { isOwnWrite, type Row } from '../../storage/index.ts'
import { type Mutant, misanswered } from './mutant.ts'

const FIELDS = ['state', 'priority', 'wakeAt', 'tries', 'holder', 'doneAt', 'memo'] as const

/** Apply takes another's write for its own, because it compares all fields but one. */
const shortSighted = [...FIELDS, 'key' as const].map(
  (field): Mutant => ({
    name: `apply does not look at ${field} when it recognises its own write`,
    breaks: 'an own write is exactly as the change would have made it',
    of: (storage) =>
      misanswered(storage, (change, before, given) => {
        if (!before || change.next === null || given === 'applied') return given
        const key = change.next.keepKey ? change.row.key : null
        const as: Row = { ...before, [field]: field === 'key' ? key : change.next[field] }
        return isOwnWrite(change, as) ? 'applied' : given
      }),
  }),
)

export const ownWriteMutants: readonly Mutant[] = [
  ...shortSighted,
  {
    name: 'an own write that comes again is stale',
    breaks: 'P-AMBIG',
    of: (storage) =>
      misanswered(storage, (change, before, given) => (before?.rev === change.row.rev ? given : 'stale')),
  },
  {
    name: 'an own removal that comes again is stale',
    breaks: 'P-AMBIG',
    of: (storage) =>
      misanswered(storage, (change, before, given) => (change.next === null && !before ? 'stale' : given)),
  },
  {
    name: 'a second, different apply of one rev is answered applied',
    breaks: 'P-ONE-OUTCOME',
    of: (storage) =>
      misanswered(storage, (change, before, given) => (before?.rev === change.row.rev + 1 ? 'applied' : given)),
  },
  {
    name: 'a removal is answered applied whatever the rev',
    breaks: 'P-FENCE',
    of: (storage) => misanswered(storage, (change, _, given) => (change.next === null ? 'applied' : given)),
  },
  {
    name: 'an apply to a row that is gone is answered applied',
    breaks: 'RS-02',
    of: (storage) => misanswered(storage, (_, before, given) => (before ? given : 'applied')),
  },
]
