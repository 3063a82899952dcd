/** `piecework pending JOB`: the numbers of the parts that are not done, as they are read. */
import type { Piecework } from '../../index.ts'
import { type Output, write } from '../output.ts'

export async function pending(
  work: Piecework,
  id: string,
  options: { array?: boolean },
  output: Output,
): Promise<void> {
  await write(output, options.array ? array(work.pendingParts(id)) : lines(work.pendingParts(id)))
}

async function* lines(parts: AsyncIterable<number>): AsyncGenerator<string> {
  for await (const part of parts) yield `${part}\n`
}

async function* array(parts: AsyncIterable<number>): AsyncGenerator<string> {
  let before = '['
  for await (const part of parts) {
    yield `${before}${part}`
    before = ','
  }
  yield before === '[' ? '[]\n' : ']\n'
}
