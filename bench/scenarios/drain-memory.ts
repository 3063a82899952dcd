/** Tasks that are added to a queue in memory and run there. */
import { addAndDrain as fastq } from '../contenders/fastq.ts'
import { addAndDrain as pQueue } from '../contenders/p-queue.ts'
import { addAndDrainMemory } from '../contenders/piecework.ts'
import type { Group, Scenario } from '../scenario.ts'

export const drainMemory: Scenario = {
  name: 'drain-memory',
  about:
    'no-op tasks added and run in one process; adding counts for all three, as p-queue begins with the first that is added',
  countOf: (tasks) => tasks,
  groups: [group(10), group(100)],
}

function group(concurrency: number): Group {
  return {
    title: `${concurrency} at once`,
    references: ['p-queue', 'fastq'],
    contenders: [
      { name: 'piecework memory()', measure: addAndDrainMemory(concurrency) },
      { name: 'p-queue', measure: pQueue(concurrency) },
      { name: 'fastq', measure: fastq(concurrency) },
    ],
  }
}
