/** Watches a job to its end: a bar on a terminal, else a JSON line whenever something has changed. */
import { Presets, SingleBar } from 'cli-progress'
import type { JobInfo, Piecework } from '../index.ts'
import { BadEndError, oneLine } from './failure.ts'
import { jsonLine, type Output, write } from './output.ts'
import { tableOfJob } from './tables.ts'

/** Each look counts the parts that are left, which may be many. */
const lookEveryMs = 500

const over = ['completed', 'failed', 'cancelled']

/** @throws BadEndError when the job did not end well. */
export async function follow(work: Piecework, id: string, output: Output): Promise<void> {
  if (output.isTTY) await drawBar(looks(work, id), output)
  else await write(output, jsonLines(looks(work, id)))
  const job = await work.job(id)
  if (output.isTTY) await write(output, [tableOfJob(job, output.columns)])
  checkEnd(job)
}

/** @throws BadEndError */
export function checkEnd({ id, state, failure }: JobInfo): void {
  if (state === 'cancelled') throw new BadEndError(`The job ${id} was cancelled`)
  if (state !== 'failed') return
  const where = failure?.part == null ? 'in its reduce' : `at part ${failure.part}`
  throw new BadEndError(oneLine(`The job ${id} failed ${where}: ${failure?.error.message}`))
}

/** The job whenever it has changed, until it is over. */
async function* looks(work: Piecework, id: string): AsyncGenerator<JobInfo> {
  for (let last = ''; ; ) {
    const job = await work.job(id)
    const now = `${job.state} ${job.remaining}`
    if (now !== last) yield job
    if (over.includes(job.state)) return
    last = now
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
}

async function* jsonLines(jobs: AsyncIterable<JobInfo>): AsyncGenerator<string> {
  for await (const job of jobs) yield jsonLine(job)
}

async function drawBar(jobs: AsyncIterable<JobInfo>, stream: Output): Promise<void> {
  const format = '{bar} {done}% | {remaining} of {parts} parts remaining | {state}'
  const bar = new SingleBar({ stream, format, hideCursor: true }, Presets.shades_classic)
  bar.start(1, 0, { done: 0, remaining: '?', parts: '?', state: '' })
  try {
    for await (const { total, remaining, percent, state } of jobs) {
      bar.setTotal(Math.max(1, total ?? 1))
      const value = total === 0 ? 1 : (total ?? 0) - (total === undefined ? 0 : remaining)
      bar.update(value, { done: percent, remaining, parts: total ?? '?', state })
    }
  } finally {
    bar.stop()
  }
}
