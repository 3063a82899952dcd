/** `piecework schedules`: what is added by itself, and when. */
import type { Piecework } from '../../index.ts'
import { grid } from '../grid.ts'
import { jsonLine, type Output, write } from '../output.ts'
import { instant } from '../tables.ts'

type ScheduleInfo = ReturnType<Piecework['schedules']> extends AsyncIterable<infer Info> ? Info : never
type Ticks = Awaited<ReturnType<ReturnType<Piecework['scheduled']>['next']>>

const columns = [{ title: 'SCHEDULE' }, { title: 'TASK' }, { title: 'STATE' }, { title: 'NEXT' }, { title: 'RULE' }]

/** So many share the widths of their columns: all of them might not fit into the memory. */
const tableRows = 100

/** `next`: how many ticks of each are told. */
export async function schedules(work: Piecework, { next }: { next?: number }, output: Output): Promise<void> {
  await write(output, output.isTTY ? tables(work, next, output) : lines(work, next))
}

async function* lines(work: Piecework, next: number | undefined): AsyncGenerator<string> {
  for await (const info of work.schedules()) {
    yield jsonLine(next === undefined ? info : { ...info, next: await work.scheduled(info.name).next(next) })
  }
}

async function* tables(work: Piecework, next: number | undefined, output: Output): AsyncGenerator<string> {
  let rows: string[][] = []
  let any = false
  for await (const info of work.schedules()) {
    any = true
    rows.push(...rowsOf(info, next === undefined ? undefined : await work.scheduled(info.name).next(next)))
    if (rows.length < tableRows) continue
    yield grid(columns, rows, output.columns)
    rows = []
  }
  if (rows.length > 0) yield grid(columns, rows, output.columns)
  if (!any) yield 'No schedules\n'
}

/** Its ticks in lines of their own, by the clock on the wall that they go by. */
function rowsOf(info: ScheduleInfo, ticks: Ticks | undefined): string[][] {
  const { name, task, state, nextAt } = info
  const [first, ...more] = ticks?.map(({ local }) => local) ?? [nextAt === undefined ? '' : instant(nextAt)]
  return [[name, task, state, first ?? '', ruleOf(info)], ...more.map((local) => ['', '', '', local, ''])]
}

function ruleOf({ rule }: ScheduleInfo): string {
  if ('at' in rule) return `at ${instant(rule.at)}`
  if ('every' in rule) return `every ${timeOf(rule.every)}`
  const pattern = typeof rule.cron === 'string' ? rule.cron : JSON.stringify(rule.cron)
  return `${pattern} ${rule.timeZone}`
}

/** In the largest unit that it is whole in. */
function timeOf(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1_000, 's'],
  ] as const
  const [size, unit] = units.find(([size]) => ms % size === 0) ?? [1, 'ms']
  return `${ms / size}${unit}`
}
