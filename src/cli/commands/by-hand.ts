/** `piecework retry ID` and `piecework cancel ID`: what people do to single tasks and to jobs. */
import type { Piecework } from '../../index.ts'
import { BadEndError, oneLine } from '../failure.ts'
import { jsonLine, type Output, write } from '../output.ts'
import { explanationOf } from './explain.ts'

/** @throws BadEndError that says why not */
export async function retry(work: Piecework, id: string, output: Output): Promise<void> {
  if (!(await work.retry(id))) throw new BadEndError(`Not retried: ${await explanationOf(work, id)}`)
  await write(output, [output.isTTY ? `${oneLine(id)} is retried\n` : jsonLine({ id, retried: true })])
}

/** @throws BadEndError that says why not */
export async function cancel(work: Piecework, id: string, output: Output): Promise<void> {
  if (!(await work.cancel(id))) throw new BadEndError(`Not cancelled: ${await explanationOf(work, id)}`)
  await write(output, [output.isTTY ? `${oneLine(id)} is cancelled\n` : jsonLine({ id, cancelled: true })])
}
