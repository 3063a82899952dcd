/** The check of a race's log finds what is no move: else a race could pass that was lost. */
import { expect, test } from 'vitest'
import { checkSteps, type Marks, type Step } from './check.ts'

const free: Marks = {
  reservationId: null,
  reservationTime: null,
  reservationTimes: null,
  startTime: null,
  endTime: null,
}
const active: Marks = { ...free, reservationId: 'w#1', reservationTime: 1 }
const started: Marks = { ...active, reservationTimes: 1, startTime: 2 }
const ended: Marks = { ...started, endTime: 3 }
const freed: Marks = { ...free, reservationTimes: 1 }

function steps(...marks: readonly Marks[]): Step[] {
  return marks.slice(1).map((to, index) => ({ id: '1', from: marks[index]!, to }))
}

test('the moves of a reservation pass, and its starts are counted', () => {
  const again = { ...active, reservationId: 'w#2', reservationTimes: 1 }
  const { wrong, counts, starts } = checkSteps(steps(free, active, started, freed, again))
  expect(wrong).toEqual([])
  expect(counts).toEqual({ reserve: 2, start: 1, complete: 0, free: 1 })
  expect(starts.get('1')).toBe(1)
  expect(checkSteps(steps(active, free, { ...active, reservationId: 'w#3' }, free)).wrong).toEqual([])
})

test.each<[string, Step[]]>([
  ['a row that is reserved twice at an instant', steps(free, active, { ...active, reservationId: 'w#2' })],
  ['a reservation of a row that ended', steps(ended, active)],
  ['a row that begins again after its end', steps(ended, freed)],
  ['an id that comes again', steps(free, active, free, active)],
  ['a start under another id', steps(active, { ...started, reservationId: 'w#2' })],
  ['a start that is not counted', steps(active, { ...started, reservationTimes: null })],
  ['a start that counts twice', steps(active, { ...started, reservationTimes: 2 })],
  ['an end under another id', steps(started, { ...ended, reservationId: 'w#2' })],
  ['an end without a start', steps(active, { ...active, endTime: 3 })],
  ['tries that are forgotten', steps(started, free)],
  ['a free row that keeps its time', steps(active, { ...free, reservationTime: 1 })],
  ['a change that was not logged', [...steps(free, active), ...steps(started, ended)]],
])('P-RESERVE %s is found', (_, wrongly) => {
  expect(checkSteps(wrongly).wrong).toHaveLength(1)
})
