/**
 * Random lives of a task: what a storage, several workers and an operator do to one, with crashes at every point. The
 * books that are kept beside it are the oracle: they count what happened and know nothing of how the machine counts.
 */
import fc from 'fast-check'
import { holdAgain, skip, unskip } from '../../src/core/part.ts'
import type { FailureReason, FailureRules, RunningTask, Task, Verdict } from '../../src/core/task.ts'
import { begin, cancel, newTask, release, retry, settle } from '../../src/core/task.ts'

export type Step =
  | { readonly does: 'claim'; readonly dies: boolean }
  | { readonly does: 'crash' | 'cancel' | 'retry' | 'release' | 'skip' | 'unskip' | 'hold' }
  | { readonly does: 'report'; readonly progress: number }
  | { readonly does: 'settle'; readonly verdict: Verdict }

/** What happened since the task was added or last retried after its end. */
export interface Books {
  claims: number
  refunds: number
  /** Handlers that began. */
  starts: number
  /** Attempts whose handler ended badly. */
  failures: number
  /** Claims whose process died before it began the handler. */
  unbegun: number
  /** The worker has the claim and its handler runs. */
  executing: boolean
}

export interface Moment {
  readonly step: Step
  readonly before: Task
  readonly after: Task
  /** The claimed task after `begin`, where the step was a claim that lived. */
  readonly begun: Task | undefined
  readonly books: Readonly<Books>
}

const reason = fc.constantFrom<Exclude<FailureReason, 'exhausted'>>('fatal', 'invalid_input', 'unstorable', 'too_large')
const delayMs = fc.integer({ min: 0, max: 100_000 })
const items = fc.option(fc.record({ fence: fc.nat(), count: fc.nat() }), { nil: null })

export const anyVerdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.record({ kind: fc.constant('good' as const), result: fc.jsonValue(), items }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('bad' as const), error: fc.anything() }) },
  fc.record({ kind: fc.constant('final' as const), error: fc.string().map((text) => new Error(text)), reason }),
  fc.record({ kind: fc.constant('snoozed' as const), delayMs }),
  fc.record({ kind: fc.constant('given_back' as const), delayMs }),
)

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant('claim' as const), dies: fc.constant(false) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('claim' as const), dies: fc.constant(true) }) },
  { weight: 6, arbitrary: fc.record({ does: fc.constant('settle' as const), verdict: anyVerdict }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('report' as const), progress: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constantFrom('cancel', 'retry', 'release', 'skip', 'unskip', 'hold'),
    }) as fc.Arbitrary<Step>,
  },
)

/** Most lives are long enough to end and begin again. */
export const anySteps = fc.array(anyStep, { minLength: 1, maxLength: 60, size: 'max' })

/** The same without claims whose process dies before it looks at the task. */
export const stepsThatBegin = anySteps.map((steps) => steps.filter((step) => step.does !== 'claim' || !step.dies))

const leaseMs = 30_000

/** Lives through the steps; those that cannot be from where the task is are left out. `keep` is what storing it does. */
export function* live(
  steps: readonly Step[],
  rules: FailureRules,
  hold = false,
  keep: <T extends Task>(task: T) => T = (task) => task,
): Generator<Moment, void, undefined> {
  const addedAt = 1_800_000_000_000
  let now = addedAt
  const facts = { id: 'id', name: 'resize', priority: 5, runAt: addedAt + 5_000, hold }
  let stored: Task = keep<Task>(newTask(facts, now))
  let held: RunningTask | undefined
  let books: Books = fresh()
  for (const step of steps) {
    now += 1
    const before = stored
    let begun: Task | undefined
    switch (step.does) {
      case 'claim': {
        if (stored.state !== 'waiting' && stored.state !== 'running') continue
        // What every storage does to a row that is due.
        now = Math.max(now, stored.wakeAt)
        const claimed: RunningTask = {
          ...stored,
          state: 'running',
          attempts: stored.attempts + 1,
          wakeAt: now + leaseMs,
        }
        stored = keep(claimed)
        books = { ...books, claims: books.claims + 1, executing: false }
        held = undefined
        if (step.dies) {
          books.unbegun++
          break
        }
        begun = begin(claimed, rules, now)
        if (begun.state === 'failed') {
          stored = keep(begun)
          books.refunds++
        } else {
          held = begun
          books.starts++
          books.executing = true
        }
        break
      }
      case 'crash':
        held = undefined
        books = { ...books, executing: false }
        break
      case 'report':
        if (!held) continue
        held = { ...held, progress: step.progress, wakeAt: now + leaseMs }
        stored = keep(held)
        break
      case 'settle': {
        if (!held) continue
        const { kind } = step.verdict
        stored = keep<Task>(settle(held, step.verdict, rules, now))
        held = undefined
        books = { ...books, executing: false }
        if (kind === 'snoozed' || kind === 'given_back') books.refunds++
        if (kind === 'bad' || kind === 'final') books.failures++
        break
      }
      case 'cancel':
        if (stored.state === 'completed' || stored.state === 'failed' || stored.state === 'cancelled') continue
        stored = keep(cancel(stored, now))
        held = undefined
        books = { ...books, executing: false }
        break
      case 'skip':
        if (stored.state !== 'held' && stored.state !== 'waiting' && stored.state !== 'running') continue
        if (stored.state === 'running') books = { ...books, refunds: books.refunds + 1 }
        stored = keep(skip(stored, now))
        held = undefined
        books = { ...books, executing: false }
        break
      case 'hold':
        if (stored.state === 'held' || stored.state === 'running' || stored.state === 'completed') continue
        if (stored.state !== 'waiting') books = fresh()
        stored = keep(holdAgain(stored, now))
        break
      case 'unskip':
        if (stored.state !== 'skipped') continue
        stored = keep(unskip(stored, false, now))
        break
      case 'retry':
        if (stored.state !== 'waiting' && stored.state !== 'failed' && stored.state !== 'cancelled') continue
        if (stored.state !== 'waiting') books = fresh()
        stored = keep(retry(stored, now))
        break
      case 'release':
        if (stored.state !== 'held') continue
        stored = keep(release(stored))
        break
    }
    yield { step, before, after: stored, begun, books: { ...books } }
  }
}

function fresh(): Books {
  return { claims: 0, refunds: 0, starts: 0, failures: 0, unbegun: 0, executing: false }
}
