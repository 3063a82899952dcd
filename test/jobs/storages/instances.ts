/** Instances for tests that are held on every storage: the same storage each time, names and ids of one's own. */
import { randomUUID } from 'node:crypto'
import { type Piecework, type PieceworkOptions, piecework } from '../../../src/index.ts'
import type { Row, Storage } from '../../../src/storage/index.ts'

/** Opens the same storage each time; each is closed by who asked for it. */
export type Open = () => Storage | Promise<Storage>

const quiet = { info() {}, warn() {}, error() {} }

/** A name or an id that no other test on the storage has. */
export function fresh(word: string): string {
  return `${word}-${randomUUID().slice(0, 8)}`
}

/** So many processes, each an instance with a storage of its own, closed at the end. */
export async function withWorks(
  open: Open,
  definitions: PieceworkOptions['definitions'],
  count: number,
  body: (works: readonly Piecework[]) => Promise<void>,
): Promise<void> {
  const works: Piecework[] = []
  try {
    for (let one = 0; one < count; one++) {
      works.push(piecework({ storage: await open(), definitions, concurrency: 8, poll: '100ms', logger: quiet }))
    }
    await body(works)
  } finally {
    await Promise.all(works.map((work) => work.close({ timeout: 0 })))
  }
}

/** One process that works when it is told to. */
export async function withWork(
  open: Open,
  definitions: PieceworkOptions['definitions'],
  body: (work: Piecework) => Promise<void>,
): Promise<void> {
  await withWorks(open, definitions, 1, ([work]) => body(work!))
}

/** All values, in their order. */
export async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}

/** What the storage gives for a parent, straight from it. */
export async function rowsOf(open: Open, by: { readonly parent: string; readonly states?: readonly string[] }) {
  const storage = await open()
  try {
    const rows: Row[] = []
    for (let after: string | null = ''; after !== null; ) {
      const page: { rows: Row[]; after: string | null } = await storage.find({ ...by, after }, 10)
      rows.push(...page.rows)
      after = page.after
    }
    return rows
  } finally {
    await storage.close?.()
  }
}
