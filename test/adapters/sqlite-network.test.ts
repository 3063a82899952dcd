/** The start-up check of where the file lies, with a file system that only says that it is a network's. */
import { expect, test, vi } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  statfsSync: () => ({ type: 0x6969 }),
}))

test('DB-15 a file on a network file system is refused before it is opened', () => {
  expect(() => sqlite('no-such-folder/work.db')).toThrow(
    expect.objectContaining({ code: 'not_usable', message: expect.stringMatching(/network file system \(NFS\)/) }),
  )
  expect(() => sqlite(':memory:').close()).not.toThrow()
})
