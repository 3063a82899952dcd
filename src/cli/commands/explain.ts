/** `piecework explain ID`: why a task, a part or a job is where it is. */
import type { Piecework } from '../../index.ts'
import { oneLine } from '../failure.ts'
import { jsonLine, type Output, write } from '../output.ts'

/** What is true of this program at any time, and of no interest: it never runs anything. */
const ownSentence = / ?This process does not have its definition and will not run it\./

export async function explain(work: Piecework, id: string, output: Output): Promise<void> {
  const explanation = await explanationOf(work, id)
  await write(output, [output.isTTY ? `${explanation}\n` : jsonLine({ id, explanation })])
}

/** On one line: messages of errors stand in it. @throws PieceworkError `not_found` */
export async function explanationOf(work: Piecework, id: string): Promise<string> {
  return oneLine((await work.explain(id)).replace(ownSentence, ''))
}
