/** Watches a job to its end: a bar on a terminal, else a JSON line whenever something has changed. */
import { Presets, SingleBar } from 'cli-progress'
import type { JobInfo, Piecework } from '../index.ts'
import { BadEndError } from './failure.ts'
import { jsonLine, type Output, write } from './output.ts'
import { pause } from './pause.ts'
import { tableOfJob } from './tables.ts'

/** Each look counts the parts that are left, which may be many. */
const lookEveryMs = 500

const over = ['completed', 'failed', 'cancelled']

/**
 * Resolves with the job when it is over. `signal`: it is given up; `table`: what is shown of it in the end.
 * @throws BadEndError when the job did not end well.
 */
export async function follow(
  work: Piecework,
  id: string,
  output: Output,
  signal: AbortSignal,
  table = tableOfJob,
): Promise<JobInfo> {
  if (output.isTTY) await drawBar(looks(work, id), output, signal)
  else await write(output, jsonLines(looks(work, id)))
  const job = await work.job(id)
  if (output.isTTY) await write(output, [table(job, output.columns)])
  checkEnd(job)
  return job
}

/** @throws BadEndError */
function checkEnd({ id, state, failure }: JobInfo): void {
  if (state === 'cancelled') throw new BadEndError(`The job ${id} was cancelled`)
  if (state !== 'failed') return
  const where = failure?.part == null ? 'in its reduce' : `at part ${failure.part}`
  throw new BadEndError(`The job ${id} failed ${where}: ${failure?.error.message}`)
}

/** The job whenever it has changed, until it is over. */
async function* looks(work: Piecework, id: string): AsyncGenerator<JobInfo> {
  for (let last = ''; ; ) {
    const job = await work.job(id)
    const now = `${job.state} ${job.remaining}`
    if (now !== last) yield job
    if (over.includes(job.state)) return
    last = now
    await pause(lookEveryMs)
  }
}

async function* jsonLines(jobs: AsyncIterable<JobInfo>): AsyncGenerator<string> {
  for await (const job of jobs) yield jsonLine(job)
}

async function drawBar(jobs: AsyncIterable<JobInfo>, stream: Output, signal: AbortSignal): Promise<void> {
  const format = '{bar} {done}% | {remaining} of {parts} parts remaining | {state}'
  const bar = new SingleBar({ stream, format, hideCursor: true }, Presets.shades_classic)
  // It gives back the cursor, whether the job ends or the patience.
  const stop = () => bar.stop()
  signal.addEventListener('abort', stop)
  try {
    for await (const { total = 0, remaining, percent, state } of jobs) {
      const shown = { done: percent, remaining, parts: state === 'open' ? '?' : total, state }
      if (signal.aborted) return
      if (!bar.isActive) bar.start(1, 0, shown)
      // A bar of no parts is full, one whose parts are still being added empty.
      bar.setTotal(Math.max(1, total))
      bar.update(state === 'open' ? 0 : Math.max(1, total) - remaining, shown)
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}
