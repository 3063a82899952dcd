/** What an adapter is given to connect with is in no error and in no log line, however an app prints those. */
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { mongo } from '../../adapters/mongo/index.ts'
import { postgres } from '../../adapters/postgres/index.ts'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { piecework, type Storage, task } from '../../src/index.ts'
import { faulty } from '../../src/testing/index.ts'

const secret = 'hunter2'
const lines: string[] = []
const log = (...all: unknown[]) => void lines.push(inspect(all, { depth: 10, showHidden: true }))
const logger = { info: log, warn: log, error: log }
const note = task('note', { run: ({ input }) => Promise.reject(new Error(`no: ${typeof input}`)) })
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  lines.length = 0
})

/** An error as the most talkative app prints it: with its causes, and all that hangs on it. */
async function told(body: () => Promise<unknown>): Promise<string> {
  try {
    await body()
  } catch (error) {
    return `${inspect(error, { depth: 10, showHidden: true })} ${JSON.stringify(error)} ${String(error)}`
  }
  throw new Error('Nothing went wrong')
}

const urls: [string, (url: string) => Storage][] = [
  [`postgres://u:${secret}@127.0.0.1:1/x`, postgres],
  [`postgres://u:${secret}@127.0.0.1:99999/x`, postgres],
  [`postgres://u:${secret}@[bad/x`, postgres],
  [`postgres://u:100%${secret}@127.0.0.1:1/x`, postgres],
  [`postgres://127.0.0.1:1/x?user=u&password=${secret}`, postgres],
  [`postgres://u:${secret}@127.0.0.1:1/x?sslcert=/none`, postgres],
  [`u:${secret}@127.0.0.1/x`, postgres],
  [`mongodb://u:${secret}@127.0.0.1:1/x?serverSelectionTimeoutMS=100`, mongo],
  [`mongodb://u:${secret}@127.0.0.1:99999/x`, mongo],
  [`mongodb://u:${secret}@/x`, mongo],
  [`mongodb://u:a@${secret}@127.0.0.1/x`, mongo],
  [`mongodb://u:100%${secret}@127.0.0.1/x`, mongo],
  [`mongodb://u:${secret}@127.0.0.1:1/x?nonsense=1`, mongo],
  [`mongodb+srv://u:${secret}@127.0.0.1:1/x`, mongo],
  [`mongo://u:${secret}@127.0.0.1/x`, mongo],
  [`postgres://u:${secret}@127.0.0.1/x`, sqlite],
]

describe('CL-04 neither the error nor a log line has the password of', () => {
  test.each(urls)('%s', async (url, open) => {
    const error = await told(async () => {
      const storage = open(url)
      const work = piecework({ storage, definitions: [note], logger })
      closing.push(() => work.close({ timeout: 100 }).catch(() => {}))
      // It answers at once where nothing is tried again, and is told of in the log where it is.
      await Promise.race([work.start(), storage.get(['x']), work.add(note)])
    })
    expect(error).toMatch(/Error/)
    expect([error, ...lines].filter((text) => text.includes(secret))).toEqual([])
  })
})

test('CL-04 what a task is given and gives is in no log line, also where it fails and the storage does', async () => {
  const storage = faulty(memory(), (verb, call) => (verb === 'apply' && call < 3 ? 'before' : 'pass'))
  const work = piecework({ storage, definitions: [note], logger, poll: 20 })
  await work.start()
  const { id } = await work.add(note, { token: secret }, { key: `key of ${secret}` })
  await expect.poll(async () => (await work.get(id))?.errors.length, { timeout: 10_000 }).toBe(1)
  await work.stop()
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.filter((line) => line.includes(secret))).toEqual([])
})
