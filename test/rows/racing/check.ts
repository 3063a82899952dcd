/** Whether what a database logged of its rows are moves of a reservation, and nothing else: the same for every database. */
import { standingOf } from '../../../src/core/row-moves.ts'

/** The five columns as they were; an instant in whatever form the database compares. */
export interface Marks {
  readonly reservationId: string | null
  readonly reservationTime: unknown
  readonly reservationTimes: number | null
  readonly startTime: unknown
  readonly endTime: unknown
}

/** One change of them. Steps of one row come in the order of their commits. */
export interface Step {
  readonly id: string
  readonly from: Marks
  readonly to: Marks
}

export type MoveKind = 'reserve' | 'start' | 'complete' | 'free'

export interface Logged {
  /** Steps that are no move: to be none. */
  readonly wrong: readonly string[]
  readonly counts: Readonly<Record<MoveKind, number>>
  /** How often each row was started, by its id. */
  readonly starts: ReadonlyMap<string, number>
}

export function checkSteps(steps: readonly Step[]): Logged {
  const wrong: string[] = []
  const counts = { reserve: 0, start: 0, complete: 0, free: 0 }
  const starts = new Map<string, number>()
  const tokens = new Set<string>()
  const last = new Map<string, Marks>()
  const report = (what: string, step: Step) => wrong.push(`${what}: ${JSON.stringify(step)}`)
  for (const step of steps) {
    const { id, from, to } = step
    const before = last.get(id)
    if (before && JSON.stringify(before) !== JSON.stringify(from))
      report('does not begin where the last one ended', step)
    last.set(id, to)
    const move = moveOf(from, to)
    if (!move) {
      report('is no move', step)
      continue
    }
    counts[move]++
    if (move === 'start') starts.set(id, (starts.get(id) ?? 0) + 1)
    if (move !== 'reserve') continue
    const token = to.reservationId ?? ''
    if (tokens.has(token)) report('is a reservation with an id that was given before', step)
    tokens.add(token)
  }
  return { wrong, counts, starts }
}

/** Reserved only from free; started, ended and freed only under the id that it was reserved with; ended for good. */
function moveOf(from: Marks, to: Marks): MoveKind | undefined {
  const [before, after] = [standing(from), standing(to)]
  const isSame = (...columns: (keyof Marks)[]) => columns.every((column) => from[column] === to[column])
  const tries = (marks: Marks) => marks.reservationTimes ?? 0
  if (before === 'free' && after === 'active') {
    return to.reservationTime !== null && isSame('reservationTimes') ? 'reserve' : undefined
  }
  if (before === 'active' && after === 'started') {
    return isSame('reservationId', 'reservationTime') && tries(to) === tries(from) + 1 ? 'start' : undefined
  }
  if (before === 'started' && after === 'ended') {
    return isSame('reservationId', 'reservationTime', 'reservationTimes', 'startTime') ? 'complete' : undefined
  }
  if ((before === 'active' || before === 'started') && after === 'free') {
    const isClear = to.reservationTime === null && to.startTime === null
    return isClear && isSame('reservationTimes') ? 'free' : undefined
  }
  return undefined
}

function standing({ reservationId, startTime, endTime }: Marks) {
  return standingOf({ reservationId: reservationId !== null, startTime: startTime !== null, endTime: endTime !== null })
}
