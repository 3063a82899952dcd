/** What a write waits for before it counts as done, which depends on the kind of server that answers. */
import type { Db, Document } from 'mongodb'
import { codeOf } from './errors.ts'

/**
 * A standalone server takes a majority for granted and then does not wait for its journal, whatever `j` says: killed, it
 * had lost what it had acknowledged up to 40 ms before (9.0.0-alpha0). Asked for itself alone, it waits.
 */
const ALONE = { w: 1, j: true } as const
const MAJORITY = { w: 'majority', j: true } as const

export class Acknowledgement {
  #isAlone: Promise<boolean> | undefined

  /** The write concern of a command. */
  async concern(db: Db): Promise<Document> {
    if (this.#isAlone === undefined) {
      this.#isAlone = isStandalone(db)
      this.#isAlone.catch(() => {
        this.#isAlone = undefined
      })
    }
    return (await this.#isAlone) ? ALONE : MAJORITY
  }

  /** @throws Error when a member of a replica set has answered to what a standalone server was asked. */
  async check(reply: Document): Promise<void> {
    // Only members of a set have a time of operations.
    if (!('operationTime' in reply) || !(await this.#isAlone)) return
    this.#isAlone = Promise.resolve(false)
    throw new Error('The standalone server has become a replica set, a majority of which may not have stored this')
  }
}

async function isStandalone(db: Db): Promise<boolean> {
  try {
    const { setName, msg } = await db.command({ hello: 1 }, { readPreference: 'primary' })
    return setName === undefined && msg !== 'isdbgrid'
  } catch (error) {
    // A server that has no such command is none of MongoDB's own.
    if (codeOf(error) === undefined) throw error
    return false
  }
}
