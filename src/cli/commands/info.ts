/** `piecework info JOB`: what is known of one job, once or until it is over. */
import type { Piecework } from '../../index.ts'
import { follow } from '../follow.ts'
import { interruptible } from '../interrupt.ts'
import { jsonLine, type Output, write } from '../output.ts'
import { tableOfJob } from '../tables.ts'

export async function info(work: Piecework, id: string, options: { watch?: boolean }, output: Output): Promise<void> {
  if (options.watch) return interruptible(async (signal) => void (await follow(work, id, output, signal)))
  const job = await work.job(id)
  await write(output, [output.isTTY ? tableOfJob(job, output.columns) : jsonLine(job)])
}
