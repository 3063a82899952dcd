/** What `mongo` refuses at the door, and URLs that lead nowhere. */
import { createServer } from 'node:net'
import { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'

const db = new MongoClient('mongodb://127.0.0.1:1').db('none')

test.each([
  ['a number', 5, /^Expected `database` to be a Db of the driver `mongodb`, or a URL .*, got `5` \(number\)$/],
  ['another database', 'postgres://me:secret@host/db', /got `another text` \(string\)$/],
  ['nothing', undefined, /got `undefined`/],
])('%s is no database, and no password is quoted', (_, database, message) => {
  expect(() => mongo(database as never)).toThrow(TypeError)
  expect(() => mongo(database as never)).toThrow(message)
})

test.each([
  [{ prefix: 'a' }, 'Expected `options` to hold only collectionPrefix, callTimeoutMs, got `prefix`'],
  [{ collectionPrefix: 'a$' }, 'Expected `collectionPrefix` to be 1 to 50 letters'],
  [{ collectionPrefix: '' }, 'Expected `collectionPrefix`'],
  [{ callTimeoutMs: 0 }, 'Expected `callTimeoutMs` to be an integer from 1 to 2147483647, got `0` (number)'],
])('the options %j are refused', (options, message) => {
  expect(() => mongo(db, options as never)).toThrow(message)
})

test.each([
  'mongodb://me:secret@',
  'mongodb://me:se@cret@host:port/db',
  'mongodb://me:secret@host/db?nonsense=1&w=x y',
])('the URL %s is refused by the first call, without its password', async (url) => {
  const storage = mongo(url, { callTimeoutMs: 500 })
  const error = await Promise.resolve(storage.get(['a'])).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ name: 'StorageError', code: 'not_usable' })
  const texts = [String(error), String((error as Error).cause)]
  expect(texts.join()).not.toMatch(/secret|cret@/)
  await storage.close()
})

test('a host that has no address is a wrong URL; one where nobody listens may come back', async () => {
  const nowhere = mongo('mongodb://me:secret@nowhere.invalid/db', { callTimeoutMs: 3_000 })
  const error = await Promise.resolve(nowhere.get(['a'])).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'not_usable', message: /No MongoDB server has this address/ })
  expect(String(error)).not.toContain('secret')
  await nowhere.close()
  const away = mongo('mongodb://127.0.0.1:1/db', { callTimeoutMs: 1_000 })
  await expect(away.get(['a'])).rejects.toMatchObject({ code: 'busy' })
  await away.close()
})

test('DB-06 a server that takes connections and says nothing fails each call in its time', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const storage = mongo(`mongodb://127.0.0.1:${port}/db`, { callTimeoutMs: 700 })
  const from = performance.now()
  await expect(storage.get(['a'])).rejects.toMatchObject({ code: 'busy' })
  expect(performance.now() - from).toBeLessThan(5_000)
  await storage.close()
  silent.close()
})
