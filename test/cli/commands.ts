/** What info, ls and pending say of the jobs of one storage, as programs read it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { job, type Piecework, piecework } from '../../src/index.ts'
import { openAt, type Place } from '../servers/places.ts'
import { inside } from './inside.ts'
import { cli, urlOf } from './kit.ts'

const quiet = { info() {}, warn() {}, error() {} }

class Corrupt extends Error {
  override readonly name = 'Corrupt'
}

const pages = job('pages', {
  failOn: [Corrupt],
  map: ({ part }: { part: string }) => {
    if (part === 'bad') throw new Corrupt('bad page')
    return part
  },
  reduce: ({ total }) => ({ pages: total }),
})

/** One completed, one that failed, one of which nothing has begun. */
async function addJobs(work: Piecework): Promise<void> {
  await work.run(pages, ['a', 'b'], { id: 'one', metadata: { who: 'me' } })
  await work.run(pages, ['bad', 'a'], { id: 'two' })
  await work.drain()
  await work.run(pages, ['a', 'b', 'c'], { id: 'three', workers: 2 })
  await work.part({ jobId: 'three', index: 1 }, () => 1)
}

export function commands(place: Place): void {
  const address = place.fresh()
  const storage = urlOf(address)
  let work: Piecework
  beforeAll(async () => {
    work = piecework({ storage: await openAt(address), definitions: [pages], logger: quiet })
    await addJobs(work)
  })
  afterAll(() => work.close())

  const objects = (stdout: string) =>
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))

  test('W41 W42 info prints what is known of a job as one JSON object on one line', async () => {
    const { code, stdout, stderr } = await cli(['info', 'one', '--storage', storage])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.trimEnd()).not.toContain('\n')
    const known = await work.job('one')
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(known)))
    expect(known).toMatchObject({ state: 'completed', metadata: { who: 'me' }, result: { pages: 2 } })
    const two = await cli(['info', 'two', '--storage', storage])
    expect(JSON.parse(two.stdout)).toMatchObject({ failed: true, failure: { part: 0, error: { name: 'Corrupt' } } })
  })

  test('W41 W42 B11 ls prints the status of each job, the ids alone, or those that are not completed', async () => {
    // Some storages list what was added with a lag.
    await expect.poll(async () => (await cli(['ls', '--ids', '--storage', storage])).stdout).toBe('one\nthree\ntwo\n')
    const all = await cli(['ls', '--storage', storage])
    expect({ code: all.code, stderr: all.stderr }).toEqual({ code: 0, stderr: '' })
    const known = [await work.job('one'), await work.job('three'), await work.job('two')]
    expect(objects(all.stdout)).toEqual(JSON.parse(JSON.stringify(known)))

    const open = await cli(['ls', '--hide-completed', '--storage', storage])
    expect(objects(open.stdout).map(({ id, remaining }) => [id, remaining])).toEqual([
      ['three', 2],
      ['two', 0],
    ])
    const ids = await cli(['ls', '--hide-completed', '--ids'], { PIECEWORK_STORAGE: storage })
    expect(ids).toEqual({ code: 0, stdout: 'three\ntwo\n', stderr: '' })
  })

  test('W41 W42 pending prints the numbers of the parts that are not done, one a line or as one array', async () => {
    const lines = await cli(['pending', 'three', '--storage', storage])
    expect(lines).toEqual({ code: 0, stdout: '0\n2\n', stderr: '' })
    const array = await cli(['pending', 'three', '--array', '--storage', storage])
    expect(array).toEqual({ code: 0, stdout: '[0,2]\n', stderr: '' })
    expect((await cli(['pending', 'one', '--array', '--storage', storage])).stdout).toBe('[]\n')
    expect((await cli(['pending', 'one', '--storage', storage])).stdout).toBe('')
  })

  test('status and purge count what this storage holds of any name', async () => {
    const counted = async (...args: string[]) => JSON.parse((await inside([...args, '--storage', storage])).stdout)
    await work.pause(pages)
    await expect
      .poll(() => counted('status'))
      .toMatchObject({
        jobs: { pages: { completed: 1, failed: 1, mapping: 1 } },
        paused: ['pages'],
      })
    const would = await counted('purge', '--older-than', '0s')
    expect(would).toMatchObject({ dryRun: true, completed: 1, failed: 1, cancelled: 0 })
    expect(would.storage).not.toMatch(/@|secret/)
    await work.resume(pages)
  })

  test.each(['info', 'pending'])(
    'W38 W44 B10 %s of a job that there is not is an error, and exits with 1',
    async (command) => {
      const ran = await cli([command, 'nope', '--storage', storage])
      expect(ran).toEqual({ code: 1, stdout: '', stderr: 'error: No job has the id nope\n' })
    },
  )
}
