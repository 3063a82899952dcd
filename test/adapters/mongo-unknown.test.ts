/** What the MongoDB storage makes of a command whose outcome nobody knows. */
import { describe, expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'
import { withServer } from '../servers/with-server.ts'
import { freshDatabases, rowsOf } from './fixtures/mongo-client.ts'
import { faulty, withCommand } from './fixtures/mongo-faults.ts'
import { aRow, completed, manyRows, NOON, wanting } from './fixtures/rows.ts'

await withServer('mongo', ({ url }) => {
  const { newDb } = freshDatabases(url)

  describe('an outcome that is not known', () => {
    test('DB-01 a claim whose answer was lost finds its rows and returns them', async () => {
      const { db, next } = faulty(newDb())
      const storage = mongo(db)
      await storage.insert(manyRows(3))
      next('update', 'answer lost')
      const claimed = await storage.claim(wanting('resize', 2))
      expect(claimed).toEqual(await storage.get(claimed.map(({ id }) => id)))
      expect(claimed.map(({ tries, holder }) => [tries, holder])).toEqual([
        [1, 'worker#1'],
        [1, 'worker#1'],
      ])
    })

    test('a claim that never reached the server fails, and the rows are as they were', async () => {
      const { db, next } = faulty(newDb())
      const storage = mongo(db)
      await storage.insert([aRow('a')])
      next('update', 'lost')
      await expect(storage.claim(wanting('resize', 2))).rejects.toThrow('closed')
      expect(await storage.get(['a'])).toEqual([aRow('a')])
    })

    test('DB-02 a completion whose answer was lost fails with no code, and saying it again is told that it stands', async () => {
      const { db, next } = faulty(newDb())
      const storage = mongo(db)
      await storage.insert([aRow('a')])
      const [row] = await storage.claim(wanting('resize', 1))
      next('update', 'answer lost')
      const failure = await Promise.resolve(storage.apply([completed(row!)])).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(Error)
      expect(failure).not.toHaveProperty('code')
      expect(await storage.apply([completed(row!)])).toEqual(['applied'])
      expect((await storage.get(['a']))[0]?.rev).toBe(row!.rev + 1)
    })

    test('DB-03 an add whose answer was lost is named as its own duplicate when it is said again', async () => {
      const { db, next } = faulty(newDb())
      const storage = mongo(db)
      await storage.get(['a'])
      next('insert', 'answer lost')
      await expect(storage.insert([aRow('a')])).rejects.toThrow('closed')
      expect(await storage.insert([aRow('a'), aRow('b')])).toEqual([{ duplicate: 'a' }, 'inserted'])
      expect(await rowsOf(db).countDocuments()).toBe(2)
    })

    test('what others did to a row since does not hide that a change in a batch was ours', async () => {
      const db = newDb()
      const [one, other] = [mongo(db), mongo(db)]
      await one.insert([aRow('a'), aRow('b')])
      const [a, b] = await one.claim(wanting('resize', 2))
      await other.apply([completed(b!)])
      const again = { state: 'waiting', wakeAt: NOON, doneAt: null, keepKey: true }
      // Between the write and the look at what became of it, somebody else claims the row.
      const interrupted = withCommand(db, async (document, options) => {
        const reply = await db.command(document, options)
        if (document.update) await other.claim(wanting('resize', 1, 'other#1'))
        return reply
      })
      expect(await mongo(interrupted).apply([completed(a!, again), completed(b!, again)])).toEqual(['applied', 'stale'])
      expect((await one.get(['a']))[0]?.holder).toBe('other#1')
    })

    test('a write that a majority has not stored is not acknowledged', async () => {
      const db = newDb()
      const writeConcernError = { code: 64, errmsg: 'waiting for replication timed out' }
      const delayed = withCommand(db, async (document, options) => ({
        ...(await db.command(document, options)),
        ...('insert' in document && { writeConcernError }),
      }))
      await expect(mongo(delayed).insert([aRow('a')])).rejects.toThrow('A majority of the replica set')
    })
  })
})
