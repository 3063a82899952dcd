/** What the template teaches beyond the suite: writers that sleep or die between two writes, and answers that are lost. */
import { createServer } from 'node:net'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { type Client, connectTo } from '../../adapters/template/database/client.ts'
import { startServer } from '../../adapters/template/database/server.ts'
import { openTemplate } from '../../adapters/template/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { aRow, completed, NOON, wanting } from './fixtures/rows.ts'

const server = await startServer()
const client = await connectTo(server.port)
afterAll(() => {
  client.close()
  server.close()
})

let prefix = ''
let made = 0
let storage: Storage
beforeEach(async () => {
  prefix = `case${++made}_`
  storage = await openTemplate({ client, prefix })
})

/** The nth compare-and-set from now goes through this. */
function disturbed(nth: number, disturb: (write: () => Promise<number | null>) => Promise<number | null>): Client {
  let count = 0
  return {
    ...client,
    swap(...args) {
      count += 1
      const write = () => client.swap(...args)
      return count === nth ? disturb(write) : write()
    },
  }
}

const open = (through: Client) => openTemplate({ client: through, prefix })
const holdersOf = async (key: string) => (await storage.find({ key }, 10)).rows.map(({ id }) => id)
const dead = () => new Promise<never>(() => {})

describe('a key, by compare-and-set of single records', () => {
  test('RC-01 stays with one row when its first writer sleeps between the lock and the row', async () => {
    let wake = () => {}
    const asleep = new Promise<void>((resolve) => {
      wake = resolve
    })
    let isAsleep = () => {}
    const sleeps = new Promise<void>((resolve) => {
      isAsleep = resolve
    })
    const sleeper = await open(
      disturbed(3, async (write) => {
        isAsleep()
        await asleep
        return write()
      }),
    )
    const slept = sleeper.insert([aRow('sleeper', { key: 'k' })])
    await sleeps
    expect(await storage.insert([aRow('other', { key: 'k' })])).toEqual(['inserted'])
    wake()
    expect(await slept).toEqual([{ duplicate: 'other' }])
    expect(await storage.get(['sleeper'])).toEqual([undefined])
    expect(await holdersOf('k')).toEqual(['other'])
  })

  test('RC-01 goes back to the sleeper when the other has let go of it meanwhile', async () => {
    const other = aRow('other', { key: 'k' })
    const sleeper = await open(
      disturbed(3, async (write) => {
        await storage.insert([other])
        await storage.apply([completed(other)])
        return write()
      }),
    )
    expect(await sleeper.insert([aRow('sleeper', { key: 'k' })])).toEqual(['inserted'])
    expect(await holdersOf('k')).toEqual(['sleeper'])
  })

  test.each([2, 3])('is free again when its writer died before write %i of 3, and so is the id', async (nth) => {
    const dying = await open(disturbed(nth, dead))
    void dying.insert([aRow('a', { key: 'k' })])
    // The dead writer has done what it does before that write: the next one waits for nothing.
    await expect.poll(() => client.get(`${prefix}rows`, 'a')).toBeDefined()
    if (nth === 3) await expect.poll(() => client.get(`${prefix}locks`, 'k')).toBeDefined()
    expect(await storage.get(['a'])).toEqual([undefined])
    expect(await holdersOf('k')).toEqual([])
    expect(await storage.insert([aRow('b', { key: 'k' }), aRow('a')])).toEqual(['inserted', 'inserted'])
    expect(await holdersOf('k')).toEqual(['b'])
  })

  test('is free again when its owner died between letting go and unlocking', async () => {
    const row = aRow('a', { key: 'k' })
    await storage.insert([row])
    const dying = await open(disturbed(2, dead))
    void dying.apply([completed(row)])
    await expect.poll(async () => (await storage.get(['a']))[0]?.state).toBe('completed')
    expect(await storage.insert([aRow('b', { key: 'k' })])).toEqual(['inserted'])
  })

  test('is not unlocked by a late unlock of a row that was there before under the same id', async () => {
    const row = aRow('a', { key: 'k' })
    await storage.insert([row])
    const late = await open(
      disturbed(2, async (write) => {
        await storage.insert([aRow('a', { key: 'k', rev: 50 })])
        return write()
      }),
    )
    expect(await late.apply([{ row, next: null }])).toEqual(['applied'])
    expect(await storage.insert([aRow('b', { key: 'k' })])).toEqual([{ duplicate: 'a' }])
  })
})

describe('an answer that is lost', () => {
  const lost = async (write: () => Promise<number | null>): Promise<never> => {
    await write()
    throw new Error('the answer was lost')
  }

  test('DB-02 of an apply: said again it is applied', async () => {
    const row = aRow('a')
    await storage.insert([row])
    const unlucky = await open(disturbed(1, lost))
    await expect(unlucky.apply([completed(row)])).rejects.toThrow('the answer was lost')
    expect(await unlucky.apply([completed(row)])).toEqual(['applied'])
  })

  test('DB-01 in the middle of a claim: what was taken before is handed out', async () => {
    await storage.insert([aRow('a'), aRow('b')])
    const unlucky = await open(disturbed(2, lost))
    expect((await unlucky.claim(wanting(aRow('x').name, 2))).map(({ id }) => id)).toEqual(['a'])
  })
})

describe('opening and closing', () => {
  test('tells that nobody answers, with a code', async () => {
    await expect(openTemplate({ port: 1 })).rejects.toMatchObject({ name: 'StorageError', code: 'not_usable' })
  })

  test('refuses tables of a later version, and writes nothing', async () => {
    await client.swap('later_meta', 'schema', null, { version: 99 })
    await expect(openTemplate({ client, prefix: 'later_' })).rejects.toMatchObject({ code: 'newer_schema' })
  })

  test('leaves a client open that the app passed, and refuses every call after its own end', async () => {
    await storage.close?.()
    await storage.close?.()
    await expect(Promise.resolve(storage.get(['a']))).rejects.toMatchObject({ code: 'closed' })
    expect(await client.now()).toBeGreaterThan(NOON)
  })

  test.each([{}, { port: 0 }, { port: 1.5 }, { port: 1, client }, { port: 1, prefix: '1' }, { prot: 1 }])(
    'refuses the options %o',
    async (options) => {
      await expect(openTemplate(options as { port: number })).rejects.toThrow(TypeError)
    },
  )

  test('DB-06 a call on a server that has gone silent ends with an error', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const deaf = await connectTo(port, 50)
    await expect(deaf.now()).rejects.toThrow('No answer within 50 ms')
    silent.close()
  })
})
