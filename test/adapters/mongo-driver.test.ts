/** An app that has not installed `mongodb`. */
import { expect, test, vi } from 'vitest'
import { mongo } from '../../adapters/mongo/index.ts'

vi.mock('mongodb', () => {
  throw Object.assign(new Error("Cannot find package 'mongodb'"), { code: 'ERR_MODULE_NOT_FOUND' })
})

test('without the driver a URL is refused by the first call, which says what to install', async () => {
  const storage = mongo('mongodb://127.0.0.1:1/none')
  const refused = { code: 'missing_driver', message: 'Install `mongodb` to use piecework/mongo' }
  await expect(storage.get(['a'])).rejects.toMatchObject(refused)
  await storage.close()
})
