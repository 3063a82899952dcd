/** Answers come by position: a storage that gives too few of them, or too many, is told so by whatever case meets it. */
import { strict as assert } from 'node:assert'
import type { Awaitable, Storage } from '../storage/index.ts'
import { altered } from './altered.ts'
import { type Create, subjectOf } from './subject.ts'

/** What a batch of each verb is a batch of. */
const entries = { insert: 'rows', extend: 'rows', apply: 'changes', get: 'ids' } as const

type Batched = keyof typeof entries

/** What is wrong with the number of answers, in a sentence; `undefined` when it is right. */
export function miscount(verb: Batched, batch: readonly unknown[], answers: unknown): string | undefined {
  if (Array.isArray(answers) && answers.length === batch.length) return undefined
  const given = Array.isArray(answers) ? `a list of ${answers.length}` : `${String(answers)}, which is no list,`
  const asked = `a batch of ${batch.length} (${entries[verb]})`
  return `${verb} answered ${given} to ${asked}: each has its answer at its own position`
}

/** The same subjects, whose storages cannot answer by another number without failing on the spot. */
export function byPosition(create: Create): Create {
  return async () => {
    const { again, ...subject } = subjectOf(await create())
    return {
      ...subject,
      storage: counted(subject.storage),
      again: again && (async () => counted(await again())),
    }
  }
}

function counted(storage: Storage): Storage {
  return altered(storage, {
    insert: (rows) => checked('insert', rows, storage.insert(rows)),
    extend: (rows, until) => checked('extend', rows, storage.extend(rows, until)),
    apply: (changes) => checked('apply', changes, storage.apply(changes)),
    get: (ids) => checked('get', ids, storage.get(ids)),
  })
}

async function checked<T>(verb: Batched, batch: readonly unknown[], answers: Awaitable<T>): Promise<T> {
  const given = await answers
  const wrong = miscount(verb, batch, given)
  if (wrong !== undefined) assert.fail(wrong)
  return given
}
