/** One dispatcher on rows in memory, on a clock of the test's own, with every call of its source to be meddled with. */
import { memoryRows } from '../../adapters/memory/index.ts'
import { type RowContext, type RowDispatcher, type RowDispatcherSettings, rowDispatcher } from '../../src/index.ts'
import type { RowSource } from '../../src/storage/index.ts'
import { type ManualClock, manualClock } from '../../src/testing/index.ts'
import { type RowFault, type RowProcess, type RowVerb, rowProcess } from './modelling/process.ts'
import { columns, type Page, pages } from './pages.ts'

export interface Alone extends RowProcess {
  readonly rows: Page[]
  /** The database itself, which nothing strikes. */
  readonly table: RowSource<Page, Page[]>
  readonly scrape: RowDispatcher
  /** Every call that went out, in order. */
  readonly calls: RowVerb[]
}

export interface AloneOptions extends Partial<RowDispatcherSettings<Page, Page[]>> {
  readonly run?: (context: RowContext<Page>) => unknown
  /** What strikes the nth call of a verb, from 1. */
  readonly fault?: (verb: RowVerb, nth: number) => RowFault
  readonly clock?: ManualClock
  readonly where?: (row: Page) => boolean
}

/** So many rows, or the given ones, which others may share. */
export function alone(given: number | Page[], options: AloneOptions = {}): Alone {
  const { run = () => {}, fault = () => 'pass', clock = manualClock(), where, ...settings } = options
  const rows = typeof given === 'number' ? pages(given) : given
  const table = memoryRows(rows, { ...columns, now: () => clock.now(), ...(where && { where }) })
  const counts = new Map<RowVerb, number>()
  const calls: RowVerb[] = []
  let scrape: RowDispatcher | undefined
  const process = rowProcess<Page, Page[]>({
    source: table,
    clock,
    onCall: (verb, when) => void (when === 'before' && calls.push(verb)),
    fault: (verb) => {
      const nth = (counts.get(verb) ?? 0) + 1
      counts.set(verb, nth)
      return fault(verb, nth)
    },
    definitions: (source) => {
      scrape = rowDispatcher('scrape', { source, ...settings, run })
      return [scrape]
    },
  })
  return { ...process, rows, table, scrape: scrape as RowDispatcher, calls }
}

/** What a body waits for until it is told to end, and then throws. */
export function untilAborted({ signal }: RowContext<Page>): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

/** What never ends, whatever it is told. */
export function never(): Promise<never> {
  return new Promise(() => {})
}
