/** p-queue: closures in memory, at most so many running at once. */
import PQueue from 'p-queue'
import { measured, type Sample } from '../scenario.ts'

export function addAndDrain(concurrency: number) {
  return async (_folder: string, count: number): Promise<Sample> => {
    const queue = new PQueue({ concurrency })
    let done = 0
    const run = async (_number: number) => void done++
    return measured(count, async () => {
      for (let number = 0; number < count; number++) void queue.add(() => run(number))
      await queue.onIdle()
      if (done !== count) throw new Error(`Ran ${done} of ${count} tasks`)
    })
  }
}
