/** An app that has not installed `pg`. */
import { expect, test, vi } from 'vitest'
import { postgres } from '../../adapters/postgres/index.ts'

vi.mock('pg', () => {
  throw Object.assign(new Error("Cannot find package 'pg'"), { code: 'ERR_MODULE_NOT_FOUND' })
})

test('without the driver a URL is refused by the first call, which says what to install', async () => {
  const storage = postgres('postgres://nobody@127.0.0.1:1/none')
  const refused = { code: 'missing_driver', message: 'Install `pg` to use piecework/postgres' }
  await expect(storage.get(['a'])).rejects.toMatchObject(refused)
  await storage.close()
})
