/** Adapters that answer a batch with one result too few, or one too many: whoever reads by position reads of another row. */
import type { Awaitable, Storage } from '../../storage/index.ts'
import { altered, type Mutant } from './mutant.ts'

type Answers = (batch: readonly unknown[], ...rest: unknown[]) => Awaitable<readonly unknown[]>

/** Answers to batches of several are changed; a single one is answered as it should be. */
function miscounting(storage: Storage, verb: 'insert' | 'extend' | 'apply' | 'get', by: -1 | 1): Storage {
  const call = storage[verb].bind(storage) as Answers
  const wrong: Answers = async (batch, ...rest) => {
    const answers = await call(batch, ...rest)
    if (answers.length < 2) return answers
    return by < 0 ? answers.slice(0, -1) : [...answers, answers.at(-1)]
  }
  return altered(storage, { [verb]: wrong })
}

export const positionMutants: readonly Mutant[] = (['insert', 'extend', 'apply', 'get'] as const).flatMap((verb) => [
  {
    name: `${verb} leaves out the last answer of a batch`,
    breaks: 'answers come by position',
    of: (storage) => miscounting(storage, verb, -1),
  },
  {
    name: `${verb} answers the last of a batch twice`,
    breaks: 'answers come by position',
    of: (storage) => miscounting(storage, verb, 1),
  },
])
