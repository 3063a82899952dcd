/** The likeliest mistakes with a row dispatcher, and what is said of each. */
import { describe, expect, test, vi } from 'vitest'
import { memory, memoryRows } from '../../adapters/memory/index.ts'
import { job, piecework, type RowDispatcher, rowDispatcher, task } from '../../src/index.ts'
import { columns, type Page, pages } from './pages.ts'

const quiet = { info() {}, warn() {}, error() {} }
const run = () => {}

/** As untyped code would call it. */
const untyped = rowDispatcher as unknown as (name: string, options: Record<string, unknown>) => RowDispatcher
const source = (count = 1) => memoryRows(pages(count), columns)

describe('a definition says what is wrong with it', () => {
  test.each([
    ['no run', { source: source() }, 'Expected `run` to be a function, got `undefined`'],
    ['a name of the seed', { source: source(), run, queue_size: 5 }, 'got `queue_size`'],
    ['minutes in words', { source: source(), run, maxDuration: '15 minutes' }, "a duration like '5m'"],
    ['a storage for a source', { source: memory(), run }, "such as sqliteTable(db, { table: 'webpage', ... }), with"],
    ['a table by its name', { source: 'webpage', run }, 'got `"webpage"` (string)'],
    ['a delay over the limit', { source: source(), run, retryDelay: '15m' }, 'to be shorter than maxDuration'],
    ['both works', { source: source(), run, handOn: task('x', { run }) }, 'either `run` or `handOn`, got both'],
    [
      'a job to hand on to',
      { source: source(), handOn: job('x', { map: run }) },
      'to be what task(name, options) gives',
    ],
  ])('%s', (_, options, said) => {
    expect(() => untyped('scrape', options)).toThrow(TypeError)
    expect(() => untyped('scrape', options)).toThrow(said)
  })

  test.each([
    ['a composite key', { ...columns, id: ['shop', 'page'] }, 'a composite key is not supported, got an array'],
    ['a column that is missing', { ...columns, endTime: undefined }, 'Expected `endTime` to be the name of a column'],
    ['one column twice', { ...columns, endTime: 'scrape_start_time' }, 'got "scrape_start_time" twice'],
    ['a condition in SQL', { ...columns, where: { sql: 'id > 5' } }, 'Expected `where` to be a function, got object'],
    ['a misspelt column', { ...columns, starttime: 'x' }, 'got `starttime`'],
  ])('of a source: %s (RS-03)', (_, options, said) => {
    expect(() => memoryRows(pages(1), options as unknown as typeof columns)).toThrow(said)
  })
})

describe('an instance says', () => {
  const fetchPage = task('fetch-page', { run })
  const handing = rowDispatcher('scrape', { source: source(), handOn: fetchPage })

  test('that rows which are handed on need a storage', () => {
    expect(() => piecework({ definitions: [handing as unknown as ReturnType<typeof running>] })).toThrow(
      'Expected `storage` to be a storage for the tasks of "scrape" such as sqlite(\'work.db\'), got `undefined`',
    )
  })

  test('that another task has the name of the one that rows are handed on as', () => {
    const another = task('fetch-page', { run: () => 'another' })
    expect(() => piecework({ storage: memory(), definitions: [handing, another] })).toThrow(
      'Expected `definitions` to hold the task that "scrape" hands its rows on as, got another "fetch-page"',
    )
  })

  test('that a row dispatcher is nothing to add or to pause', async () => {
    const work = piecework({ definitions: [running()] })
    const scrape = running() as unknown as typeof fetchPage
    await expect(work.add(scrape)).rejects.toThrow(
      'got the row dispatcher "scrape", which has its work from its source',
    )
    await expect(work.pause(scrape)).rejects.toThrow('got the row dispatcher "scrape"')
  })
})

function running(settings: Record<string, unknown> = {}) {
  return rowDispatcher('scrape', { source: source(), ...settings, run })
}

test.each([
  [
    'whole rows for keys',
    { selecting: ({ client }: { client: Page[] }) => client },
    '`selecting` to be a function that answers keys. Expected a key',
  ],
  [
    'a forgotten return',
    { allowing: () => {} },
    '`allowing` to be a function that answers true or false, got `undefined`',
  ],
  ['no number', { queueSlots: () => Number.NaN }, '`queueSlots` to be a function that answers an integer, got `NaN`'],
])('P8 a pass tells whose function answered what it cannot use: %s', async (_, settings, said) => {
  const logger = { ...quiet, warn: vi.fn() }
  const work = piecework({ definitions: [running(settings)], logger })
  await expect(work.drain()).rejects.toThrow(said)
  // Who drains is told; who started is not there to be told, and finds it in the log.
  expect(logger.warn).not.toHaveBeenCalled()
  await work.start()
  const line = expect.stringContaining(`A pass of "scrape" failed, going on trying: Expected ${said}`)
  await expect.poll(() => logger.warn.mock.calls[0]).toEqual([line])
  await work.stop()
})
