/** Where a process that adds a job or works on it is killed, what must then be found, and the job. */
import { type JobDefinition, job, retryPresets } from '../../src/index.ts'

/** At which of its writes a process dies while it adds a job; `inserts` of them came through, and then nothing or the seal. */
export const addingPoints = {
  opened: { when: 'before the first part is added', inserts: 1, status: 'added' },
  begun: { when: 'half-way through its parts', inserts: 2, status: 'added' },
  added: { when: 'between the last part and the end of adding', inserts: 3, status: 'added' },
  sealed: { when: 'when all is stored, before anybody hears of it', inserts: 3, status: 'duplicate' },
} as const

/**
 * `reduces`: how often the reduce runs in all; each time that a process died of it counts as an attempt. `mayClaim`: the
 * process may have sent a claim before it died, which a server still carries out: an attempt without a run.
 */
export const endingPoints = {
  parted: { id: 'MR-01', when: 'between the end of the last part and the look at its job', reduces: 1 },
  asked: { id: 'MR-01', when: 'between that look and the reduce coming due', reduces: 1 },
  due: { id: 'MR-01', when: 'when the reduce has come due', reduces: 1, mayClaim: true },
  reducing: { id: 'MR-04', when: 'inside the reduce', reduces: 2 },
  reduced: { id: 'MR-04', when: 'after the reduce, before its outcome is stored', reduces: 2 },
  committed: { id: 'MR-04', when: 'after its outcome is stored, before anybody hears of it', reduces: 1 },
} as const

export type AddingPoint = keyof typeof addingPoints
export type EndingPoint = keyof typeof endingPoints

/** In a job that is killed while it is added: two batches of them. */
export const manyParts = 1_000

/** In a job that is killed at its end. */
export const fewParts = 5

export interface Report {
  readonly sum: number
  readonly inputs: number
}

export type Summing = JobDefinition<number, number, unknown, Report>

/** A job whose handlers tell of each start, and of what each reduce saw. */
export function summingJob(tell: (line: string) => void): Summing {
  return job('summing', {
    retry: retryPresets.party,
    map: async ({ part, id, fence }: { part: number; id: string; fence: number }) => {
      tell(`part ${id} ${fence}\n`)
      return part * 2
    },
    reduce: async ({ results, jobId }): Promise<Report> => {
      const inputs: number[] = []
      for await (const result of results) inputs.push(result)
      tell(`reduce ${jobId} ${inputs}\n`)
      return { sum: inputs.reduce((sum, input) => sum + input, 0), inputs: inputs.length }
    },
  })
}

export function partsOf(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}
