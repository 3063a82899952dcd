/** What a suite is given: a way to make an empty storage, as often as it likes. */
import type { Awaitable, Storage } from '../storage/index.ts'

/** A storage under test and what belongs to it. */
export interface Subject {
  readonly storage: Storage
  /** Called when the case is over, after the storage was closed. */
  readonly cleanup?: (() => Awaitable<void>) | undefined
  /**
   * Opens one more storage on the same rows, as another process would. Without it the cases that hold `durable` and
   * `shared` to their word are skipped.
   */
  readonly again?: (() => Awaitable<Storage>) | undefined
}

/** Makes an empty storage. Called afresh for every case and for every random history. */
export type Create = () => Awaitable<Storage | Subject>

/** What the runner hands to a test, as far as the suite uses it: `skip` of vitest and of node:test. */
export interface TestContext {
  readonly skip?: (reason?: string) => unknown
}

/** Any runner's way to declare a test. */
export type Test = (name: string, run: (context?: TestContext) => Promise<void>) => unknown

/** What `create` made, with or without what belongs to it. */
export function subjectOf(made: Storage | Subject): Subject {
  return 'storage' in made ? made : { storage: made }
}

/** Makes a subject, lets `use` work with it, and ends all that was opened, also after a failure. */
export async function withSubject<T>(create: Create, use: (subject: Subject) => Promise<T>): Promise<T> {
  const subject = subjectOf(await create())
  const opened: Storage[] = [subject.storage]
  const again = subject.again
  const watched: Subject = {
    ...subject,
    again: again && (async () => opened[opened.push(await again()) - 1]!),
  }
  try {
    return await use(watched)
  } finally {
    for (const storage of opened) await storage.close?.()
    await subject.cleanup?.()
  }
}
