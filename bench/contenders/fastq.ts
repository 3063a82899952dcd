/** fastq: values in memory for one worker function, at most so many at once; its form with promises. */
import { promise as makeQueue } from 'fastq'
import { measured, type Sample } from '../scenario.ts'

export function addAndDrain(concurrency: number) {
  return async (_folder: string, count: number): Promise<Sample> => {
    let done = 0
    const queue = makeQueue<unknown, { number: number }>(async () => void done++, concurrency)
    return measured(count, async () => {
      for (let number = 0; number < count; number++) void queue.push({ number })
      await queue.drained()
      if (done !== count) throw new Error(`Ran ${done} of ${count} tasks`)
    })
  }
}
