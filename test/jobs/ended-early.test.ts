/** Jobs that are over before all their parts are there: the rest of them comes all the same, and the job can go on. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { job, type Piecework, piecework } from '../../src/index.ts'

class Corrupt extends Error {}

const quiet = { info() {}, warn() {}, error() {} }

/** Then the source stands still, and what came from it so far is stored. */
const first = 50
const total = first + 10

describe.each(['fails', 'is cancelled'])('a job that %s while its parts are added', (how) => {
  function instance() {
    let isBroken = how === 'fails'
    const early = job('early', {
      failOn: [Corrupt],
      map: ({ part }: { part: number }) => {
        if (part === 0 && isBroken) throw new Corrupt('not yet')
        return part
      },
      reduce: async ({ results }) => {
        let count = 0
        for await (const _ of results) count++
        return count
      },
    })
    const work = piecework({ storage: memory(), definitions: [early], logger: quiet })
    const mend = () => {
      isBroken = false
    }
    return { work, early, mend }
  }

  /** The job is over once the first parts were stored; then, if it is to, the caller dies. */
  async function* source(work: Piecework, dies: boolean) {
    for (let part = 0; part < total; part++) {
      if (part === first) {
        if (how === 'is cancelled') await work.cancel('j')
        const stateAfterWork = async () => {
          await work.drain()
          return (await work.job('j')).state
        }
        await expect.poll(stateAfterWork).toMatch(/failed|cancelled/)
        if (dies) throw new Error('the caller is gone')
      }
      yield part
    }
  }

  test.each([undefined, 2])('goes on with all of them when it is retried (workers: %s)', async (workers) => {
    const { work, early, mend } = instance()
    const run = await work.run(early, source(work, false), { id: 'j', ...(workers ? { workers } : {}) })
    expect(run.status).toBe('added')
    await work.drain()
    const info = await run.info()
    expect(info).toMatchObject({ state: how === 'fails' ? 'failed' : 'cancelled', total })
    expect((await work.get(`j/${total - 1}`))?.state).toBe('skipped')
    mend()
    expect(await work.retry('j')).toBe(true)
    await work.drain()
    expect(await run.done()).toMatchObject({ state: 'completed', total, result: total })
  })

  test('CR-07 and whose caller died then, is added by the same call, and not resumed before', async () => {
    const { work, early, mend } = instance()
    await expect(work.run(early, source(work, true), { id: 'j' })).rejects.toThrow('the caller is gone')
    mend()
    expect(await work.retry('j')).toBe(false)
    expect((await work.run(early, source(work, false), { id: 'j' })).status).toBe('added')
    expect((await work.run(early, source(work, false), { id: 'j' })).status).toBe('duplicate')
    expect(await work.retry('j')).toBe(true)
    await work.drain()
    expect(await work.job('j')).toMatchObject({ state: 'completed', total, result: total })
  })

  test('is removed with all of them by a purge', async () => {
    const { work, early } = instance()
    await work.run(early, source(work, false), { id: 'j' })
    await work.drain()
    expect(await work.purge({ names: ['early'] })).toMatchObject({ [how === 'fails' ? 'failed' : 'cancelled']: 1 })
    expect(await work.get('j/0')).toBeUndefined()
    expect(await work.get(`j/${total - 1}`)).toBeUndefined()
  })
})
