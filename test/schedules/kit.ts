/** What the tests of schedules share: a storage in memory and a clock of the test's own, at midnight of 1 January 2026. */
import { memory } from '../../adapters/memory/index.ts'
import { type Piecework, type PieceworkOptions, piecework, type TaskContext, task } from '../../src/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { manualClock } from '../../src/testing/index.ts'

export const start: number = Date.UTC(2026, 0, 1)
const quiet = { info() {}, warn() {}, error() {} }

interface Ran {
  readonly at: number
  readonly id: string
  readonly input: unknown
}

export function setUp(run: (context: TaskContext) => unknown = () => {}, storage: Storage = memory()) {
  const clock = manualClock(start)
  const ran: Ran[] = []
  const report = task('report', {
    run: (context: TaskContext) => {
      ran.push({ at: context.runAt, id: context.id, input: context.input })
      return run(context)
    },
  })
  const make = (options: Partial<PieceworkOptions> = {}): Piecework =>
    piecework({ storage, definitions: [report], clock, logger: quiet, ...options })
  /** The ticks that were run, in seconds from the start. */
  const seconds = () => ran.map(({ id }) => (Date.parse(id.slice(id.lastIndexOf('@') + 1)) - start) / 1_000)
  return { clock, ran, seconds, report, storage, make, work: make() }
}

export const text = (at: number | undefined): string => (at === undefined ? 'none' : new Date(at).toISOString())
