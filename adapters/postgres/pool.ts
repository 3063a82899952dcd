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

export function poolOpener(pool: string | PgPool, limitMs: number): PoolOpener {
  let opening: Promise<PgPool> | undefined
  let ownPool: OwnPool | undefined

  async function open(): Promise<PgPool> {
    if (typeof pool === 'string') ownPool = await openPool(pool, limitMs)
    const found = ownPool ?? (pool as PgPool)
    found.on('error', ignore)
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
      const last = await opening?.catch(ignore)
      // A call that is still trying finds the ended pool, and must not make another one.
      if (typeof pool !== 'string') opening = undefined
      if (ownPool) await within(ownPool.end(), limitMs, () => new Error('late')).catch(ignore)
      last?.off('error', ignore)
    },
  }
}
