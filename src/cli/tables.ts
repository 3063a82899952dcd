/** Jobs as tables, for people. What does not fit is cut: a program, or `| cat`, gets everything. */
import { styleText } from 'node:util'
import Table from 'cli-table3'
import type { DispatchReport, JobInfo, JobState } from '../index.ts'
import { oneLine } from './failure.ts'

/** Where the terminal does not say how wide it is. */
const columnsDefault = 80
/** Narrower than this a column of text is of no use. */
export const columnMin = 20
/** Of a result or of metadata: a screen, not more. */
const lengthMax = 1_000
/** Of a dispatch; the report has up to a hundred. */
const refusalsShown = 10

type Entry = readonly [key: string, value: string]

const colours = {
  open: 'cyan',
  mapping: 'cyan',
  reducing: 'cyan',
  completed: 'green',
  failed: 'red',
  cancelled: 'yellow',
} as const satisfies Record<JobState, string>

// Blanks between columns and no rules: a line is as wide as what it says, and its id is selected with two clicks.
const rules = ['mid', 'left-mid', 'mid-mid', 'right-mid', 'top', 'top-mid', 'top-left', 'top-right'] as const
const sides = ['left', 'right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'] as const
export const plain = {
  chars: { ...Object.fromEntries([...rules, ...sides].map((name) => [name, ''])), middle: '  ' },
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
}

/** Some jobs, one a line. */
export function tableOfJobs(jobs: readonly JobInfo[], columns?: number): string {
  const head = ['JOB', 'NAME', 'STATE', 'DONE', 'REMAINING', 'TOTAL', 'ADDED', 'FAILURE']
  const cells = jobs.map((job) => {
    const { id, name, state, remaining, total = '?' } = job
    return [id, name, state, doneOf(job), String(remaining), String(total), instant(job.addedAt), failureOf(job)]
  })
  const widths = head.slice(0, -1).map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]!.length)))
  const used = widths.reduce((sum, width) => sum + width + 2, 0)
  const hasFailure = cells.some((row) => row.at(-1) !== '')
  const shown = hasFailure ? head : head.slice(0, -1)
  const table = new Table({
    ...plain,
    head: shown.map((title) => styleText('dim', title)),
    colWidths: hasFailure ? [...widths, Math.max(columnMin, widthOf(columns) - used)] : widths,
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'left', 'left'],
  })
  for (const row of cells) {
    table.push(row.slice(0, shown.length).map((cell, at) => (shown[at] === 'STATE' ? coloured(cell) : cell)))
  }
  return linesOf(table)
}

/** What is known of one job, a line for each thing. */
export function tableOfJob(job: JobInfo, columns?: number): string {
  const { total = '?', remaining, workers, errors, doneAt } = job
  return tableOf(
    [
      ['job', job.id],
      ['name', job.name],
      ['state', coloured(job.state)],
      ['parts', [`${remaining} remaining of ${total}`, doneOf(job)].filter(Boolean).join(', ')],
      ['failure', failureOf(job)],
      ['added', instant(job.addedAt)],
      ['done', doneAt === undefined ? '' : instant(doneAt)],
      ['workers', workers === undefined ? '' : `at most ${workers} parts at once`],
      ['metadata', json(job.metadata)],
      ['result', json(job.result)],
      ...errors.map(({ attempt, name, message }): Entry => [`attempt ${attempt}`, `${name}: ${message}`]),
    ],
    widthOf(columns),
  )
}

/** What became of the items of a dispatch that is over. */
export function tableOfDispatch(job: JobInfo, columns?: number): string {
  const { refusals, ...counts } = job.result as DispatchReport
  return tableOf(
    [
      ['job', job.id],
      ['state', coloured(job.state)],
      ...Object.entries(counts).map(([key, count]): Entry => [key, String(count)]),
      ...refusals.slice(0, refusalsShown).map(({ at, reason }): Entry => [`item ${at}`, reason]),
      ['', refusals.length > refusalsShown ? `... ${counts.refused - refusalsShown} more were refused` : ''],
    ],
    widthOf(columns),
  )
}

/** A terminal may say that it is 0 columns wide. */
export function widthOf(columns: number | undefined): number {
  return columns || columnsDefault
}

function tableOf(entries: readonly Entry[], columns: number): string {
  const shown = entries.filter(([, value]) => value !== '')
  const keyWidth = Math.max(...shown.map(([key]) => key.length))
  const colWidths = [keyWidth, Math.max(columnMin, columns - keyWidth - 2)]
  const table = new Table({ ...plain, colWidths, wrapOnWordBoundary: false })
  for (const [key, value] of shown) {
    // What is coloured must not be wrapped: the codes would be counted, and cut in two.
    const content = key === 'state' ? { content: value } : { content: cut(value), wordWrap: true }
    table.push([styleText('dim', key), content])
  }
  return linesOf(table)
}

/** Without the blanks that fill up the last column. */
export function linesOf(table: Table.Table): string {
  return `${table.toString().replaceAll(/ +$/gm, '')}\n`
}

/** What is left over of a job that ended early was skipped, so no share of it says much. */
function doneOf({ state, percent }: JobInfo): string {
  return state === 'failed' || state === 'cancelled' ? '' : `${percent}%`
}

function coloured(state: string): string {
  return styleText(colours[state as JobState], state)
}

function failureOf({ failure }: JobInfo): string {
  if (failure === undefined) return ''
  const { part, error } = failure
  return cut(`${part === null ? 'reduce' : `part ${part}`}: ${error.name}: ${error.message}`)
}

/** Down to the second, in the time of nobody's place: processes far apart are compared by it. */
export function instant(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace(/\.\d+/, '')
}

function json(value: unknown): string {
  return value === undefined ? '' : (JSON.stringify(value) ?? '')
}

/** Messages and metadata are anybody's: nothing in them may steer the terminal. */
export function cut(text: string): string {
  const line = oneLine(text.slice(0, 2 * lengthMax))
  return line.length > lengthMax ? `${line.slice(0, lengthMax)}…` : line
}
