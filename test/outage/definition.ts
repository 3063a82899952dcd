/** The one task of these tests: it leaves a line for each start. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { type TaskDefinition, task } from '../../src/index.ts'

/** How long each run takes. */
export interface Step {
  readonly forMs: number
}

export function stepTask(log: string): TaskDefinition<Step, number> {
  return task('step', {
    run: async ({ input, id, attempt }: { input: Step; id: string; attempt: number }) => {
      appendFileSync(log, `${id} ${attempt}\n`)
      if (input.forMs > 0) await new Promise((resolve) => setTimeout(resolve, input.forMs))
      return attempt
    },
  })
}

/** The ids of the runs that were begun, in their order. */
export function startsIn(log: string): string[] {
  if (!existsSync(log)) return []
  return readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
}
