/** What must be true of every job of the race, by the audit and by the rows at the end. Each breach comes with its steps. */
import { jobMoves, taskMoves } from '../../../src/index.ts'
import type { Last, Step } from './audit.ts'
import type { Input, Made, Plan } from './jobs.ts'
import type { Race } from './run.ts'

export type Promised = 'missing' | 'reduced once' | 'reduced early' | 'inputs' | 'parts' | 'moves' | 'workers' | 'wakes'

/** As long as a job may be left to itself, and how far a look from outside may be off. */
const longestWakeMs = 30_000
const toleranceMs = 500

export function breachesOf(race: Race): Map<Promised, string[]> {
  const breaches = new Map<Promised, string[]>()
  const known = new Set(race.plans.flatMap(({ id, values }) => [id, ...values.map((_, index) => partId(id, index))]))
  const breach = (promised: Promised, text: string) => breaches.set(promised, [...(breaches.get(promised) ?? []), text])
  for (const id of race.rows.keys()) if (!known.has(id)) breach('parts', `${id} was never added`)
  for (const [id, ms] of race.left) {
    if (!(ms <= longestWakeMs + toleranceMs)) breach('wakes', `${id} would have been left to itself for ${ms} ms`)
  }
  for (const plan of race.plans) {
    const steps = race.steps.get(plan.id) ?? []
    const tell = (promised: Promised, text: string) => {
      const shown = steps.map(({ time, id, from, to }) => `${time} ${id} ${from ?? ''} > ${to}`)
      breach(promised, `${plan.id}, ${plan.values.length} parts: ${text}\n    ${shown.join('\n    ')}`)
    }
    checkMoves(plan, steps, tell)
    checkReduce(plan, steps, tell)
    checkInputs(plan, race.rows, tell)
    if (plan.workers !== undefined) checkWorkers(plan.workers, steps, tell)
  }
  return breaches
}

type Tell = (promised: Promised, text: string) => void

export function partId(jobId: string, index: number): string {
  return `${jobId}/${String(index).padStart(8, '0')}`
}

/** Every step is one that the machines have. */
function checkMoves({ id }: Plan, steps: readonly Step[], tell: Tell): void {
  for (const step of steps) {
    if (step.from === null) continue
    const moves: Record<string, Record<string, string>> = step.id === id ? jobMoves : taskMoves
    if (!moves[step.from]?.[step.to]) tell('moves', `${step.id} moved from ${step.from} to ${step.to}`)
  }
}

function checkReduce({ id, values }: Plan, steps: readonly Step[], tell: Tell): void {
  const into = (state: string) => steps.filter((step) => step.id === id && step.to === state)
  const committed = into('completed').length
  if (committed !== 1) tell(committed === 0 ? 'missing' : 'reduced once', `its reduce was committed ${committed} times`)
  const due = into('reducing')
  // One that is cancelled then, and resumed, comes to it again.
  const again = steps.filter((step) => step.id === id && step.from === 'reducing' && step.to !== 'completed').length
  if (due.length !== 1 + again) tell('reduced once', `its reduce became due ${due.length} times`)
  for (const { at } of due) {
    const ended = steps.filter((step) => step.id !== id && step.to === 'completed' && step.at < at)
    if (ended.length !== values.length)
      tell('reduced early', `its reduce was due after the ends of ${ended.length} parts`)
  }
}

/** The inputs of the reduce are the outcomes that were recorded, of each part one, in order. */
function checkInputs({ id, values }: Plan, rows: ReadonlyMap<string, Last>, tell: Tell): void {
  const inputs = resultOf<readonly Input[]>(rows.get(id)) ?? []
  const wanted = values.map((value, index): Input | undefined => {
    const row = rows.get(partId(id, index))
    const result = resultOf<Made>(row)
    if (row?.state !== 'completed' || JSON.parse(row.input) !== value || result?.value !== value) {
      tell('parts', `its part ${index} is ${row?.state ?? 'not there'}, with the input ${row?.input}`)
    }
    return result && { index, result }
  })
  if (JSON.stringify(inputs) !== JSON.stringify(wanted)) {
    tell('inputs', `its reduce saw ${JSON.stringify(inputs)}; recorded is ${JSON.stringify(wanted)}`)
  }
}

/** After no commit do more parts hold a slot than the job has. */
function checkWorkers(workers: number, steps: readonly Step[], tell: Tell): void {
  const holding = new Set<string>()
  for (const { id, parent, to } of steps) {
    if (parent === null) continue
    if (to === 'waiting' || to === 'running') holding.add(id)
    else holding.delete(id)
    if (holding.size > workers) tell('workers', `${holding.size} of its parts had one of its ${workers} slots`)
  }
}

function resultOf<T>(row: Last | undefined): T | undefined {
  return row && (JSON.parse(row.memo) as { result?: T }).result
}

/** Jobs whose last two parts were ended by different processes within so many milliseconds. */
export function collisions({ plans, rows, steps }: Race, withinMs: number): number {
  return plans.filter(({ id }) => {
    const ends = (steps.get(id) ?? []).filter((step) => step.parent !== null && step.to === 'completed').slice(-2)
    const [one, other] = ends.map((step) => ({ time: step.time, pid: resultOf<Made>(rows.get(step.id))?.pid }))
    return one && other && one.pid !== other.pid && other.time - one.time <= withinMs
  }).length
}
