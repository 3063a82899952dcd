/** What the compiler says of row dispatchers. */
import type { DatabaseSync } from 'node:sqlite'
import { describe, expectTypeOf, test } from 'vitest'
import { memory, memoryRows } from '../../adapters/memory/index.ts'
import {
  type BetterDatabase,
  type NodeDatabase,
  type SqliteTableOptions,
  sqliteTable,
} from '../../adapters/sqlite/index.ts'
import {
  type HandingOnDispatcher,
  type LimitedContext,
  type PieceworkOptions,
  piecework,
  type RowCounts,
  type RowSource,
  type RowsOptions,
  type RunningDispatcher,
  rowDispatcher,
  type SlotsContext,
  type TaskContext,
  task,
} from '../../src/index.ts'
import { columns, type Page, pages } from '../rows/pages.ts'

const source = memoryRows(pages(1), columns)
/** What a source of rows of unknown columns is, as tables are unless the app says more. */
declare const table: RowSource<Record<string, unknown>, { query(sql: string): Promise<Record<string, unknown>[]> }>

const run = () => {}
const fetchPage = task('fetch-page', { run: async ({ input }: TaskContext<{ url: string }>) => input.url })
const fetchLink = task('fetch-link', { run: async ({ input }: TaskContext<{ link: string }>) => input.link })

describe('rowDispatcher', () => {
  test("run is given the source's own row, in whatever order the options stand", () => {
    rowDispatcher('scrape', { source, run: ({ row }) => expectTypeOf(row).toEqualTypeOf<Page>() })
    rowDispatcher('scrape', { run: ({ row }) => expectTypeOf(row).toEqualTypeOf<Page>(), source })
    rowDispatcher('scrape', {
      source: memoryRows(pages(1), columns),
      run: async ({ row, id, attempt, reservationId, signal }) => {
        expectTypeOf(row.url).toEqualTypeOf<string>()
        expectTypeOf({ id, attempt, reservationId, signal }).toEqualTypeOf<{
          id: string
          attempt: number
          reservationId: string
          signal: AbortSignal
        }>()
      },
    })
    rowDispatcher('scrape', {
      source: table,
      run: ({ row }) => expectTypeOf(row).toEqualTypeOf<Record<string, unknown>>(),
    })
    // @ts-expect-error no such column
    rowDispatcher('scrape', { source, run: ({ row }) => row.prise })
    // @ts-expect-error a row is no task: it has no `input`
    rowDispatcher('scrape', { source, run: ({ input }) => input })
  })

  test("the four functions are given the source's own client", () => {
    rowDispatcher('scrape', {
      source,
      queueSlots: (context) => {
        expectTypeOf(context).toEqualTypeOf<SlotsContext<Page[]>>()
        return context.queueSize - context.reserved
      },
      allowing: ({ client }) => client.length > 0,
      selecting: (context) => {
        expectTypeOf(context).toEqualTypeOf<LimitedContext<Page[]>>()
        return context.client.map(({ id }) => id)
      },
      relaunching: async ({ client }) => client.map(({ url }) => url),
      run,
    })
    rowDispatcher('scrape', { source: table, allowing: async ({ client }) => (await client.query('')).length > 0, run })
    // @ts-expect-error whole rows are no keys
    rowDispatcher('scrape', { source, selecting: ({ client }) => client, run })
    // @ts-expect-error whole rows are no keys
    rowDispatcher('scrape', { source: table, relaunching: ({ client }) => client.query(''), run })
    // @ts-expect-error a forgotten return
    rowDispatcher('scrape', { source, allowing: () => {}, run })
    // @ts-expect-error a count is a number
    rowDispatcher('scrape', { source, queueSlots: () => '5', run })
  })

  test('keys are what clients answer', () => {
    const objectId = { _bsontype: 'ObjectId', toHexString: () => '' }
    rowDispatcher('scrape', { source, selecting: () => [1, 2n, 'a', objectId], run })
    const keys: (undefined | null | number | bigint | string | Uint8Array<ArrayBuffer>)[] = []
    rowDispatcher('scrape', { source, selecting: async () => keys, run })
  })

  test('what cannot be does not compile', () => {
    // @ts-expect-error nothing is done with the rows
    rowDispatcher('scrape', { source })
    // @ts-expect-error there are no rows
    rowDispatcher('scrape', { run })
    // @ts-expect-error a misspelt option
    rowDispatcher('scrape', { source, queueSise: 5, run })
    // @ts-expect-error a name of the seed
    rowDispatcher('scrape', { source, queue_size: 5, run })
    // @ts-expect-error no such unit
    rowDispatcher('scrape', { source, maxDuration: '15 minutes', run })
    // @ts-expect-error a storage is no table of the app's own
    rowDispatcher('scrape', { source: memory(), run })
    // @ts-expect-error one of both
    rowDispatcher('scrape', { source, run, handOn: fetchPage })
    // @ts-expect-error `input` is of a task
    rowDispatcher('scrape', { source, run, input: (row: Page) => row })
  })

  test('report and explain say what they say', () => {
    const scrape = rowDispatcher('scrape', { source, run })
    expectTypeOf(scrape.report).returns.resolves.toEqualTypeOf<RowCounts>()
    expectTypeOf(scrape.explain(5)).resolves.toEqualTypeOf<string>()
  })
})

describe('sqliteTable', () => {
  const node = undefined as unknown as DatabaseSync
  const better = undefined as unknown as BetterDatabase
  const options: SqliteTableOptions = { table: 'webpage', ...columns }
  const make = () => ({
    plain: sqliteTable(node, options),
    ofPath: sqliteTable<Page>('shop.db', options),
    ofNode: sqliteTable<Page>(node, options),
    ofBetter: sqliteTable<Page>(better, options),
    ofBoth: sqliteTable<Page, DatabaseSync>(node, options),
  })
  type Made = ReturnType<typeof make>

  test("hands the app's own database to the functions, whether the row is given or not", () => {
    expectTypeOf<Made['plain']>().toEqualTypeOf<RowSource<Record<string, unknown>, DatabaseSync>>()
    expectTypeOf<Made['ofPath']>().toEqualTypeOf<RowSource<Page, NodeDatabase>>()
    expectTypeOf<Made['ofNode']>().toEqualTypeOf<RowSource<Page, NodeDatabase>>()
    expectTypeOf<Made['ofBetter']>().toEqualTypeOf<RowSource<Page, BetterDatabase>>()
    expectTypeOf<Made['ofBoth']>().toEqualTypeOf<RowSource<Page, DatabaseSync>>()
  })

  test('keys come from it as it answers them, whole rows do not pass', () => {
    const define = (source: Made['ofNode']) => {
      const ids = 'select id from webpage limit ?'
      rowDispatcher('a', {
        source,
        selecting: ({ client, limit }) =>
          client
            .prepare(ids)
            .all(limit)
            .map(({ id }) => id),
        run: ({ row }) => expectTypeOf(row).toEqualTypeOf<Page>(),
      })
      // @ts-expect-error whole rows are no keys
      rowDispatcher('b', { source, selecting: ({ client, limit }) => client.prepare(ids).all(limit), run })
    }
    expectTypeOf(define).toBeFunction()
  })
})

describe('handOn', () => {
  test('the input is made of the row, and fits the task', () => {
    const handing = rowDispatcher('scrape', {
      source,
      handOn: fetchLink,
      input: (row) => {
        expectTypeOf(row).toEqualTypeOf<Page>()
        return { link: row.url }
      },
    })
    expectTypeOf(handing).toEqualTypeOf<HandingOnDispatcher>()
    // @ts-expect-error `link` is missing
    rowDispatcher('scrape', { source, handOn: fetchLink, input: (row) => ({ url: row.url }) })
    // @ts-expect-error of the wrong kind
    rowDispatcher('scrape', { source, handOn: fetchLink, input: (row) => ({ link: row.id }) })
    // @ts-expect-error a misspelt option
    rowDispatcher('scrape', { source, handOn: fetchLink, input: (row) => ({ link: row.url }), maxTrys: 3 })
  })

  test('it may be left out where the row itself fits', () => {
    rowDispatcher('scrape', { source, handOn: fetchPage })
    rowDispatcher('scrape', { source, handOn: task('any', { run }) })
    // @ts-expect-error the row has no `link`
    rowDispatcher('scrape', { source, handOn: fetchLink })
    // @ts-expect-error nobody knows what the row has
    rowDispatcher('scrape', { source: table, handOn: fetchPage })
  })

  test('what is handed on to is a task', () => {
    // @ts-expect-error a row dispatcher is none
    rowDispatcher('scrape', { source, handOn: rowDispatcher('other', { source, run }) })
  })
})

describe('piecework', () => {
  const running = rowDispatcher('running', { source, run })
  const handing = rowDispatcher('handing', { source, handOn: fetchPage })

  test('needs no storage where all are row dispatchers that run their rows themselves', () => {
    expectTypeOf(running).toEqualTypeOf<RunningDispatcher>()
    piecework({ definitions: [running, rowDispatcher('second', { source, run })], concurrency: 2 })
    expectTypeOf({ definitions: [running] }).toExtend<RowsOptions>()
    expectTypeOf({ definitions: [handing] }).not.toExtend<RowsOptions>()
    // @ts-expect-error tasks are kept in one
    piecework({ definitions: [running, fetchPage] })
    // @ts-expect-error a misspelt option
    piecework({ definitions: [running], concurency: 2 })
  })

  test('needs one where rows are handed on', () => {
    piecework({ storage: memory(), definitions: [running, handing, fetchPage] })
    expectTypeOf({ storage: memory(), definitions: [running, handing] }).toExtend<PieceworkOptions>()
    const withoutOne = () => {
      // @ts-expect-error the tasks of its rows are kept in one
      piecework({ definitions: [running, handing] })
    }
    expectTypeOf(withoutOne).toBeFunction()
  })
})
