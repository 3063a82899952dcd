/** What the demo shows: a bar while it runs, where there is a terminal, and the table at the end. */
import { SingleBar } from 'cli-progress'
import type { JobRun } from 'piecework'
import type { Table } from './job.ts'

/** Draws how far a job is until it ends. */
export async function showProgress(run: JobRun<unknown, unknown>, what = 'parts'): Promise<void> {
  const bar = new SingleBar({ format: `{bar} {percentage}% | {value}/{total} ${what}`, hideCursor: true })
  const shown = process.stdout.isTTY === true
  if (shown) bar.start(1, 0)
  for await (const { total = 0, remaining } of run) {
    if (!shown) continue
    bar.setTotal(total)
    bar.update(total - remaining)
  }
  if (shown) bar.stop()
}

const barCells = 30

export function printTable({ words, distinct, top }: Table): void {
  const most = top[0]?.[1] ?? 1
  const widest = Math.max(0, ...top.map(([word]) => word.length))
  for (const [word, times] of top) {
    const bar = '█'.repeat(Math.max(1, Math.round((times / most) * barCells)))
    console.log(`${word.padEnd(widest)}  ${bar.padEnd(barCells)} ${times.toLocaleString('en')}`)
  }
  console.log(`\n${words.toLocaleString('en')} words, ${distinct.toLocaleString('en')} different ones.`)
}
