/** A job whose parts tell when they begin and when they end, in one file that all processes append to. */
import { setTimeout as sleep } from 'node:timers/promises'
import { job } from '../../../src/index.ts'

export function slotsJob(tell: (line: string) => void) {
  return job('slots', {
    // Of one process as many as there are: the slots of the job alone keep others from running.
    map: async ({ part, jobId }: { part: number; jobId: string }) => {
      tell(`+ ${jobId}\n`)
      await sleep(part)
      tell(`- ${jobId}\n`)
    },
    reduce: ({ total }) => total,
  })
}
