/** A primary that steps down under a claim: what it says then, at every moment that it can, and what became of the rows. */
import type { Db, Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'
import { withServer } from '../servers/with-server.ts'
import { freshDatabases, rowsOf } from './fixtures/mongo-client.ts'
import { serverError, withCommand } from './fixtures/mongo-faults.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'

// https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
const NOT_WRITABLE_PRIMARY = 10107
const INTERRUPTED = 11602
const PRIMARY_STEPPED_DOWN = 189

type Send = () => Promise<Document>
type StepDown = (send: Send, db: Db) => Promise<Document>

/** The write is in the journal of the old primary, and the new one has it as well. */
const stands: [string, StepDown][] = [
  [
    'when the write is done, and interrupts its answer',
    async (send) => {
      await send()
      throw serverError(INTERRUPTED, 'operation was interrupted because a replica set state change occurred')
    },
  ],
  [
    'before it knows that a majority has the write',
    async (send) => {
      const writeConcernError = { code: PRIMARY_STEPPED_DOWN, errmsg: 'Primary stepped down while waiting' }
      return { ...(await send()), writeConcernError }
    },
  ],
]

/** The new primary does not have the write. */
const isGone: [string, StepDown][] = [
  [
    'before it begins to write',
    async () => {
      throw serverError(NOT_WRITABLE_PRIMARY, 'not primary')
    },
  ],
  [
    'before anybody else has the write, which is rolled back',
    async (send, db) => {
      const before = await rowsOf(db).find().toArray()
      await send()
      for (const { _id, ...row } of before) await rowsOf(db).replaceOne({ _id }, row)
      throw serverError(INTERRUPTED, 'operation was interrupted because a replica set state change occurred')
    },
  ],
]

await withServer('mongo', ({ url }) => {
  const { newDb } = freshDatabases(url)

  /** Three due rows, a storage whose first update meets the step-down, and one that goes to the new primary. */
  async function steppingDown(stepDown: StepDown) {
    const db = newDb()
    const successor = mongo(db)
    await successor.insert(manyRows(3))
    let isPrimary = true
    const old = withCommand(db, (document, options) => {
      const send = () => db.command(document, options)
      if (!('update' in document) || !isPrimary) return send()
      isPrimary = false
      return stepDown(send, db)
    })
    return { storage: mongo(old), successor }
  }

  describe('DB-16 a primary that steps down under a claim', () => {
    test.each(stands)('%s: the claim finds its rows, whose fence rose once', async (_, stepDown) => {
      const { storage, successor } = await steppingDown(stepDown)
      const claimed = await storage.claim(wanting('resize', 2))
      expect(claimed.map(({ rev, tries, holder }) => [rev, tries, holder])).toEqual(
        Array(2).fill([NOON + 1, 1, 'worker#1']),
      )
      expect(await successor.get(claimed.map(({ id }) => id))).toEqual(claimed)
      expect((await successor.claim(wanting('resize', 3, 'worker#2'))).map(({ id }) => id)).toEqual(['task-00000002'])
      expect(await storage.apply(claimed.map((row) => completed(row)))).toEqual(['applied', 'applied'])
    })

    test.each(isGone)('%s: the claim fails, and the next one raises the fence once', async (_, stepDown) => {
      const { storage, successor } = await steppingDown(stepDown)
      await expect(storage.claim(wanting('resize', 2))).rejects.not.toHaveProperty('name', 'StorageError')
      expect(await successor.get(['task-00000000'])).toEqual([aRow('task-00000000')])
      const claimed = await storage.claim(wanting('resize', 2, 'worker#2'))
      expect(claimed.map(({ rev, tries }) => [rev, tries])).toEqual(Array(2).fill([NOON + 1, 1]))
      expect(await successor.get(claimed.map(({ id }) => id))).toEqual(claimed)
    })
  })
})
