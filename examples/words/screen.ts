/** What the demo shows: bars while it runs, where there is a terminal, and tables at the end. */
import { SingleBar } from 'cli-progress'
import type { JobRun } from 'piecework'
import type { Table } from './job.ts'
import type { Score } from './score-word.ts'

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

const bestShown = 5

/** The best of many scores, without having all of them in memory. */
export async function printScores(scores: AsyncIterable<Score>): Promise<void> {
  const best: Score[] = []
  for await (const score of scores) {
    best.push(score)
    best.sort((a, b) => b.points - a.points || (a.word < b.word ? -1 : 1))
    best.splice(bestShown)
  }
  for (const { word, points } of best) console.log(`${String(points).padStart(3)}  ${word}`)
}
