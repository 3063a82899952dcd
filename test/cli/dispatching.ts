/** `piecework dispatch` beside a worker of the consumer, on one storage. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixed, type Piecework, piecework, task } from '../../src/index.ts'
import { openAt, type Place } from '../servers/places.ts'
import { cli, start, urlOf } from './kit.ts'

const quiet = { info() {}, warn() {}, error() {} }
/** Whatever the stores are, these are said of each. */
const args = { products_job: '168012/129/5' }

interface Input {
  readonly item: unknown
  readonly products_job?: string
}

export function dispatching(place: Place): void {
  const address = place.fresh()
  const storage = urlOf(address)
  const inputs: Input[] = []
  let isBroken = false
  let work: Piecework

  const stores = task('stores', {
    run: ({ input, emit }: { input: readonly unknown[]; emit(item: unknown): unknown }) => {
      for (const item of input) emit(item)
    },
  })
  const availability = task('availability', {
    retry: fixed({ maxAttempts: 3, delay: 0 }),
    run: ({ input }: { input: Input }) => {
      inputs.push(input)
      if (isBroken && input.item === 'b') throw new Error('no such store')
    },
  })

  beforeAll(async () => {
    const definitions = [stores, availability]
    work = piecework({ storage: await openAt(address), definitions, logger: quiet, poll: '50ms' })
    const ids = ['a', 'b', 'a', 'c']
    await work.add(
      stores,
      ids.map((id) => ({ store_source_id: id })),
      { id: 'good' },
    )
    await work.add(stores, [{ store_source_id: 'a' }, { name: 'none' }, 7], { id: 'bad' })
    await work.drain()
  })
  afterAll(() => work.close())

  const flags = (items: string, ...more: string[]) => [
    'dispatch',
    ...['--consume-job-items', items, '--consume-job-attribute', 'store_source_id', '--consumer', 'availability'],
    ...['--storage', storage, ...more],
  ]
  const lastLine = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')

  test('without a worker, --no-wait hands over and ends; Ctrl-C ends the watching alone (D1, D9)', async () => {
    const added = await cli(flags('good', '--project', '168012', '--workers', '2', '--no-wait'))
    expect({ code: added.code, stderr: added.stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(added.stdout)).toMatchObject({
      id: 'dispatch.168012.availability',
      state: 'mapping',
      workers: 2,
      total: 3,
      remaining: 3,
    })
    expect(inputs).toEqual([])

    const watching = start(
      `exec $piecework ${flags('good', '--project', '168012')
        .map((flag) => `'${flag}'`)
        .join(' ')}`,
    )
    await expect.poll(() => watching.said.stdout).toContain('"state":"mapping"')
    watching.child.kill('SIGINT')
    const { code, stderr } = await watching.ended
    const told = 'The work goes on in its workers. `piecework info dispatch.168012.availability --watch` watches it.'
    expect({ code, stderr }).toEqual({ code: 130, stderr: `${told}\n` })
    // Two processes on DynamoDB agree on the time within a second: what one added may not be due to the other yet.
    await expect
      .poll(() => work.drain().then(() => work.job('dispatch.168012.availability')))
      .toMatchObject({ state: 'completed', result: { completed: 3 } })
  })

  test('D1 D2 D3 each distinct value runs once, with the arguments, and the last line has the report', async () => {
    inputs.length = 0
    await work.start()
    const { code, stdout, stderr } = await cli(flags('good', '--consumer-args', JSON.stringify(args)))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(lastLine(stdout)).toMatchObject({
      id: 'dispatch.availability',
      state: 'completed',
      workers: 8,
      result: { items: 4, run: 3, completed: 3, repeated: 1, skipped: 0, exhausted: 0, refused: 0 },
    })
    const expected = ['a', 'b', 'c'].map((item) => ({ ...args, item }))
    expect(inputs.toSorted((one, two) => String(one.item).localeCompare(String(two.item)))).toEqual(expected)
  })

  test('D4 the same command runs what is left alone, and with --begin everything again', async () => {
    inputs.length = 0
    const again = await cli(flags('good'))
    expect(again.code).toBe(0)
    expect(lastLine(again.stdout).result).toMatchObject({ run: 0, skipped: 4 })
    expect(inputs).toEqual([])
    const anew = await cli(flags('good', '--begin'))
    expect(lastLine(anew.stdout).result).toMatchObject({ run: 3, completed: 3, skipped: 0 })
    expect(inputs).toHaveLength(3)
  })

  test('D5 D10 values without an execution left and items that were refused are reported, with exit code 1', async () => {
    isBroken = true
    inputs.length = 0
    const broken = await cli(flags('good', '--project', 'broken'))
    expect(lastLine(broken.stdout).result).toMatchObject({ run: 3, completed: 2, exhausted: 1 })
    expect(inputs.filter(({ item }) => item === 'b')).toHaveLength(3)
    const stderr = 'error: Not all items of dispatch.broken.availability were run well: 1 exhausted\n'
    expect(broken).toMatchObject({ code: 1, stderr })

    const bad = await cli(flags('bad', '--project', 'bad'))
    expect(lastLine(bad.stdout).result).toMatchObject({
      items: 3,
      run: 1,
      refused: 2,
      refusals: [{ at: 1 }, { at: 2 }],
    })
    expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining(': 2 refused\n') })
  })

  test.each([
    [['--consumer-args', '[1]'], 'Expected a JSON object'],
    [['--consumer-args', '{bad'], 'Expected a JSON object'],
    [['--consumer-args', 'null'], 'Expected a JSON object'],
    [['--consumer-args', '{"item":1}'], 'no `item`'],
    [['--workers', '0'], 'Expected a whole number from 1'],
    [['--workers', '2.5'], 'Expected a whole number from 1'],
    [['--consume-job-items', 'none'], 'No task or job has the id none'],
    [['--consumer', '~x'], 'do not begin with ~'],
  ])('D3 W44 %j is refused at the start: nothing is stored', async (more, message) => {
    const { code, stdout, stderr } = await cli(flags('good', '--project', 'mistaken', ...more))
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^error: [^\n]+\n$/)
    expect(stderr).toContain(message)
    await expect(work.job('dispatch.mistaken.availability')).rejects.toMatchObject({ code: 'not_found' })
  })
}
