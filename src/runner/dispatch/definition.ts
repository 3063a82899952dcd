/** The job that a task's dispatches are: its parts are the task's executions, and it needs no definition of the app's. */
import { dispatchName } from '../../core/part.ts'
import { never } from '../../core/retry.ts'
import type { TaskSettings } from '../definition.ts'
import type { JobSettings } from '../jobs/definition.ts'
import { closeLate } from './earlier.ts'
import { reportOf } from './report.ts'

/** However many executions fail, the others go on. */
const noThreshold = Number.POSITIVE_INFINITY

export function dispatchJob(taskName: string): JobSettings {
  return {
    name: dispatchName(taskName),
    hasMap: true,
    announce: undefined,
    failOn: [],
    threshold: noThreshold,
    report: reportOf,
    closeLate,
  }
}

/** Nothing is run for the job itself: it is completed with its report. */
export const dispatchSettings: TaskSettings = {
  schema: undefined,
  run: () => {},
  retry: never(),
  timeoutMs: undefined,
  concurrency: undefined,
  check: undefined,
  maxCrashes: 0,
}
