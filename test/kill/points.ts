/** Where a process is killed, what must then be found, and the task that it runs. */
import { retryPresets, type TaskDefinition, task } from '../../src/index.ts'

/** How many tasks each killed process holds. */
export const tasksPerRound = 4

/**
 * `attempts` and `starts` of each of its tasks once another process has finished them. `starts` has two numbers where a
 * process dies in the first of its handlers: the others had not begun.
 */
export const points = {
  claimed: { id: 'CR-01', when: 'after a claim, before any handler starts', attempts: 2, starts: [1, 1] },
  running: { id: 'CR-02', when: 'inside a handler', attempts: 2, starts: [2, 1] },
  finished: { id: 'CR-03', when: 'after the handlers, before their outcome is stored', attempts: 2, starts: [2, 2] },
  settled: {
    id: 'CR-04',
    when: 'after the outcome is stored, before anybody hears of it',
    attempts: 1,
    starts: [1, 1],
  },
  failed: { id: 'CR-05', when: 'between a failure and its being stored', attempts: 2, starts: [2, 2] },
} as const

export type Point = keyof typeof points

export function isPoint(text: string): text is Point {
  return Object.hasOwn(points, text)
}

export interface Input {
  readonly round: string
  readonly index: number
}

/** A task that tells of each start, with its fence, and whose result says which attempt made it. */
export function writingTask(onStart: (line: string) => void): TaskDefinition<Input, { attempt: number }> {
  return task('writing', {
    retry: retryPresets.party,
    run: async ({ id, attempt, fence }: { input: Input; id: string; attempt: number; fence: number }) => {
      onStart(`${id} ${fence}\n`)
      return { attempt }
    },
  })
}
