/** The handler of the endurance run that has threads of its own. */
import type { TaskContext } from '../../../src/index.ts'

export default async ({ input, log, emit, signal }: TaskContext<{ size: number }>) => {
  log('in a thread')
  signal.addEventListener('abort', () => {})
  await emit({ size: input.size })
  return input.size
}
