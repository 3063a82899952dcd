/** Keeps a core busy for so many milliseconds, and tells which thread did it, and when. */
import { threadId } from 'node:worker_threads'
import type { TaskContext } from '../../../src/index.ts'

export default ({ input }: TaskContext<{ ms: number }>) => {
  const from = Date.now()
  while (Date.now() < from + input.ms);
  return { thread: threadId, from, to: Date.now() }
}
