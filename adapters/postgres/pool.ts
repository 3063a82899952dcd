/** The pool that is worked with: the app's, which stays open, or one that is made from a URL and ended here. */
import { type OwnPool, openPool, type PgPool } from './driver.ts'
import { ignore } from './session.ts'
import { within } from './time.ts'

export interface PoolOpener {
  /** The pool, made at the first call; after a failure it is tried again. */
  opened(): Promise<PgPool>
  /** Ends the pool that was made here, and lets go of the app's. */
  end(): Promise<void>
}

/** How many listen to a pool through one listener: more than ten of one's own are taken for a leak. */
const listening = new WeakMap<PgPool, number>()

function listen(pool: PgPool, change: 1 | -1): void {
  const before = listening.get(pool) ?? 0
  listening.set(pool, before + change)
  if (before === 0) pool.on('error', ignore)
  if (before + change === 0) pool.off('error', ignore)
}

export function poolOpener(pool: string | PgPool, limitMs: number): PoolOpener {
  let opening: Promise<PgPool> | undefined
  let ownPool: OwnPool | undefined
  let heard: PgPool | undefined

  async function open(): Promise<PgPool> {
    if (typeof pool === 'string') ownPool = await openPool(pool, limitMs)
    const found = ownPool ?? (pool as PgPool)
    listen(found, 1)
    heard = found
    return found
  }

  return {
    opened() {
      opening ??= open().catch((error: unknown) => {
        opening = undefined
        throw error
      })
      return opening
    },
    async end() {
      await opening?.catch(ignore)
      // A call that is still trying finds the ended pool, and must not make another one.
      if (typeof pool !== 'string') opening = undefined
      if (ownPool) await within(ownPool.end(), limitMs, () => new Error('late')).catch(ignore)
      if (heard) listen(heard, -1)
      heard = undefined
    },
  }
}
