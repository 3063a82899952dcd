/** Keeps a core busy for so many milliseconds of its own processor time. */
import { threadId } from 'node:worker_threads'
import type { TaskContext } from '../../../src/index.ts'

export default ({ input }: TaskContext<{ ms: number }>): number => {
  const end = performance.now() + input.ms
  let sum = 0
  while (performance.now() < end) sum += Math.sqrt(sum + 1)
  return sum > 0 ? threadId : 0
}
