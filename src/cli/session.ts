/** One command's use of a storage: opened, used, and closed again whatever happened. */
import { type Piecework, type PieceworkOptions, piecework, type Storage } from '../index.ts'
import { openStorage } from './storages.ts'

/** What goes wrong is told by the error of the call that met it. */
const silent = { info() {}, warn() {}, error() {} }

/** The instance never starts: it asks, and adds, and the work is done elsewhere. */
export async function withWork(
  url: string | undefined,
  body: (work: Piecework) => Promise<void>,
  definitions: PieceworkOptions['definitions'] = [],
): Promise<void> {
  const storage = await openStorage(url)
  const work = piecework({ storage, definitions, logger: silent })
  try {
    await body(work)
  } finally {
    // An error on the way out would only hide the one that matters.
    await work.close().catch(() => {})
  }
}

/** The storage itself, for what it knows of nothing but itself. */
export async function withStorage(url: string | undefined, body: (storage: Storage) => Promise<void>): Promise<void> {
  const storage = await openStorage(url)
  try {
    await body(storage)
  } finally {
    await Promise.resolve(storage.close?.()).catch(() => {})
  }
}
