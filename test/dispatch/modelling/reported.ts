/** Holds the report of a dispatch against what its ledger saw. */
import { inputOf, taskOf } from '../../../src/storage/codec.ts'
import type { Row } from '../../../src/storage/index.ts'
import { dispatchNotesOf, jobOf } from '../../../src/storage/job-codec.ts'
import type { DispatchLedger, Run } from './ledger.ts'
import { type DispatchPlan, numberOf, numberOfItem } from './plan.ts'

interface Report {
  readonly items: number
  readonly run: number
  readonly skipped: number
  readonly refused: number
  readonly repeated: number
  readonly exhausted: number
  readonly completed: number
  readonly cancelled: number
  readonly refusals: readonly { readonly at: number }[]
}

/** What became of one value, as this dispatch met it. `either`: it ended while the items were being read. */
type Met = 'run' | 'before' | 'either'

/** What does not hold when it is completed. */
export function checkReport(storage: DispatchLedger, { items }: DispatchPlan, job: Row, run: Run): string[] {
  const broken: string[] = []
  const report = (jobOf(job) as { result?: Report }).result
  const fed = dispatchNotesOf(job)?.fed as Report | undefined
  if (!report || !fed) return [`run ${run.run} was completed without a report`]
  const told = JSON.stringify(report)
  const check = (holds: boolean, what: string) => {
    if (!holds) broken.push(`P-DISPATCH the report of run ${run.run} says ${told}, and ${what}`)
  }
  const refused = items.flatMap((item, index) => (numberOfItem(item) === undefined ? [index] : []))
  check(report.items === items.length, `there were ${items.length} items`)
  check(report.refused === refused.length, `${refused.length} cannot be`)
  check(JSON.stringify(report.refusals.map(({ at }) => at)) === JSON.stringify(refused), `refused is ${refused}`)
  const failedNow = report.exhausted - fed.exhausted
  const all = report.run + report.skipped + report.refused + report.repeated + fed.exhausted
  check(report.items === all, `its items add up to ${all}`)
  check(report.run === report.completed + failedNow + report.cancelled, `${failedNow} failed now`)

  const met = metValues(storage, items, run)
  for (const [value, { row }] of met) check(row !== undefined, `value ${value} has no row`)
  const count = (how: Met, state?: string) =>
    [...met.values()].filter((one) => one.met === how && (state === undefined || one.row?.state === state)).length
  const isBetween = (number: number, state: string | undefined, name: string) => {
    const least = count('run', state)
    const most = least + count('either', state)
    check(number >= least && number <= most, `${name} is from ${least} to ${most}`)
  }
  isBetween(report.run, undefined, 'run')
  isBetween(report.completed, 'completed', 'completed')
  isBetween(failedNow, 'failed', 'what failed now')
  isBetween(report.cancelled, 'cancelled', 'cancelled')
  if (count('either') > 0) return broken
  const itemsOf = (state: string) =>
    [...met.values()]
      .filter((one) => one.met === 'before' && one.row?.state === state)
      .reduce((n, one) => n + one.times, 0)
  check(report.skipped === itemsOf('completed'), `${itemsOf('completed')} items are of values that ran well before`)
  check(fed.exhausted === itemsOf('failed'), `${itemsOf('failed')} items are of values that had failed before`)
  return broken
}

/** Each distinct value of the items. */
function metValues(storage: DispatchLedger, items: DispatchPlan['items'], { run, takenAt, sealedAt }: Run) {
  const rows = new Map(storage.parts().map((row) => [numberOf((inputOf(row) as { item: unknown }).item), row]))
  const met = new Map<number, { met: Met; times: number; row: Row | undefined }>()
  for (const item of items) {
    const value = numberOfItem(item)
    if (value === undefined) continue
    const row = rows.get(value)
    const times = (met.get(value)?.times ?? 0) + 1
    met.set(value, { met: row ? howMet(row) : 'run', times, row })
  }
  return met

  function howMet(row: Row): Met {
    if (taskOf(row).slot?.run === run) return 'run'
    const endedAt = storage.end.get(row.id)?.at ?? Number.POSITIVE_INFINITY
    if (endedAt < takenAt) return 'before'
    return endedAt < sealedAt ? 'either' : 'run'
  }
}
