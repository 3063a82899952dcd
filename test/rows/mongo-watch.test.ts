/** What looks at a race over documents finds what no moves lead to: else a race could pass that was lost. */
import { expect, test } from 'vitest'
import { Looks, noMarks } from './mongo-watch.ts'
import type { Marks } from './racing/check.ts'

const active: Marks = { ...noMarks, reservationId: 'w#1', reservationTime: 1 }
const started: Marks = { ...active, reservationTimes: 1, startTime: 2 }
const ended: Marks = { ...started, endTime: 3 }
const freed: Marks = { ...noMarks, reservationTimes: 1 }
const next: Marks = { ...started, reservationId: 'w#2', reservationTime: 4, reservationTimes: 2, startTime: 5 }

function wrongIn(...marks: readonly (Marks | [id: string, marks: Marks])[]): readonly string[] {
  const looks = new Looks()
  for (const each of marks) {
    if (Array.isArray(each)) looks.see(...each)
    else looks.see('1', each)
  }
  return looks.wrong
}

test.each<[string, Marks[]]>([
  ['each move', [active, started, ended]],
  ['a failure and the next reservation', [active, started, freed, next]],
  ['moves that nobody looked at', [started, next]],
  ['a reservation that was given back and one that was taken', [active, noMarks, { ...active, reservationId: 'w#9' }]],
  ['a whole life between two looks', [ended]],
])('%s passes', (_, marks) => {
  expect(wrongIn(...marks)).toEqual([])
})

test.each<[string, (Marks | [string, Marks])[]]>([
  ['a document that changes after its end', [ended, freed]],
  ['tries that are forgotten', [started, noMarks]],
  ['a free document that keeps a time', [active, { ...noMarks, reservationTime: 1 }]],
  ['a reservation since no time', [{ ...active, reservationTime: null }]],
  ['a start that is not counted', [active, { ...started, reservationTimes: null }]],
  ['a start that counts twice', [active, { ...started, reservationTimes: 2 }]],
  ['a start under another id that is not counted', [started, { ...next, reservationTimes: 1 }]],
  ['a start that begins anew', [started, { ...started, startTime: 9 }]],
  ['a reservation that goes back behind its start', [started, { ...active, reservationTimes: 1 }]],
  ['a reservation with another time', [active, { ...active, reservationTime: 9 }]],
  ['an id that comes again', [active, noMarks, active]],
  ['an id on two documents', [active, ['2', active]]],
])('P-RESERVE %s is found', (_, marks) => {
  expect(wrongIn(...marks)).toHaveLength(1)
})
