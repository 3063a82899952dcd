/**
 * Schedules at changes of the clocks, in every zone that has one in 2024 to 2028, against an oracle made of Intl alone.
 * `PIECEWORK_WHOLE_YEARS=1` walks through the whole five years of each, which takes minutes.
 */
import { describe, expect, test } from 'vitest'
import type { Rule } from '../../src/runner/schedules/rule.ts'
import { ticksOf } from '../../src/runner/schedules/ticks.ts'
import { type Change, dayMs, minuteMs, ZoneOracle } from './zones/oracle.ts'

const [from, to] = [Date.UTC(2024, 0, 1), Date.UTC(2029, 0, 1)]
const isWhole = process.env.PIECEWORK_WHOLE_YEARS === '1'
const hourMs = 60 * minuteMs

const all = Intl.supportedValuesOf('timeZone').map((zone) => ({ zone, oracle: new ZoneOracle(zone, from, to) }))
const changing = all.filter(({ oracle }) => oracle.changes.length > 0)
/** One zone of each kind of clocks. */
const kinds = [...new Map(changing.map((one) => [one.oracle.profile, one])).values()]
const changes = changing.reduce((sum, { oracle }) => sum + oracle.changes.length, 0)
console.log(`${all.length} zones, ${changing.length} with changes (${changes}), of ${kinds.length} kinds`)

type Zone = (typeof all)[number]

function rule(zone: string, cron: string): Rule {
  return { cron, timeZone: zone, clockChanges: 'fixed' }
}

function forward(zone: string, cron: string, begin: number, end: number): number[] {
  const { next } = ticksOf(rule(zone, cron))
  const found: number[] = []
  for (let at = next(begin - 1); at !== undefined && at < end; at = next(at)) found.push(at)
  return found
}

/** Spans around the changes, or all of the years. */
function spans({ changes }: ZoneOracle, aroundMs: number): [number, number][] {
  if (isWhole) return [[from, to - 2 * dayMs]]
  return changes.map(({ at }) => [at - aroundMs, at + aroundMs])
}

function text(zone: string, instants: readonly number[]): string {
  return `${zone}: ${instants.map((at) => new Date(at).toISOString()).join(' ')}`
}

/** Times of day at both edges of a change, and within what it skips or repeats. */
function around({ at, before, after }: Change): number[] {
  const edges = [at + before, at + after].sort((a, b) => a - b) as [number, number]
  const walls = [edges[0] - minuteMs, edges[0], (edges[0] + edges[1]) / 2, edges[1] - minuteMs, edges[1]]
  return walls.map((wall) => Math.floor((wall % dayMs) / minuteMs))
}

function checkDaily({ zone, oracle }: Zone, minuteOfDay: number, begin: number, end: number): void {
  const found = forward(zone, `${minuteOfDay % 60} ${Math.floor(minuteOfDay / 60)} * * *`, begin + 1, end)
  expect(text(zone, found)).toBe(text(zone, oracle.daily(begin, end, minuteOfDay)))
}

describe('CK-06 CK-07 CK-08 every zone with a change of its clocks in 2024 to 2028', () => {
  test('there are zones, and changes of all kinds', () => {
    expect(changing.length).toBeGreaterThan(100)
    const sizes = new Set(kinds.flatMap(({ oracle }) => oracle.changes.map((one) => one.after - one.before)))
    for (const size of [-hourMs, hourMs, -hourMs / 2, hourMs / 2]) expect(sizes).toContain(size)
  })

  test('at half past two each day: no day is lost, none comes twice', () => {
    for (const one of changing) {
      for (const [begin, end] of spans(one.oracle, 2 * dayMs)) checkDaily(one, 150, begin, end)
    }
  })

  test('at a time of day at the edges of a change, or within it', () => {
    for (const one of kinds) {
      for (const change of one.oracle.changes) {
        for (const minute of new Set(around(change))) checkDaily(one, minute, change.at - dayMs, change.at + dayMs)
      }
    }
  })

  test('each quarter of an hour: one tick in each quarter that there is', () => {
    for (const { zone, oracle } of changing) {
      for (const [begin, end] of spans(oracle, 1.25 * hourMs)) {
        const first = Math.ceil(begin / (15 * minuteMs)) * 15 * minuteMs
        const quarters = Array.from({ length: Math.ceil((end - first) / 15 / minuteMs) }, (_, n) => first + n * 900_000)
        expect(text(zone, forward(zone, '*/15 * * * *', begin, end))).toBe(text(zone, quarters))
      }
    }
  })

  test('each quarter of an hour of a part of the day: those that the clock shows, as often as it does', () => {
    for (const { zone, oracle } of kinds) {
      for (const [begin, end] of spans(oracle, 3 * hourMs)) {
        const fits = (wall: Date) => wall.getUTCMinutes() % 15 === 0 && [0, 1, 2].includes(wall.getUTCHours())
        const wanted = oracle.fitting(begin, end, fits)
        expect(text(zone, forward(zone, '*/15 0-2 * * *', begin, end))).toBe(text(zone, wanted))
      }
    }
  })

  test('the latest ticks are those that came, whichever way they are asked for', () => {
    for (const { zone, oracle } of kinds) {
      for (const { at } of oracle.changes) {
        for (const cron of ['30 2 * * *', '*/30 * * * *', '0,30 0-3 * * *', '0 23 * * *']) {
          const end = at + 3 * hourMs
          const came = forward(zone, cron, at - 3 * hourMs, end)
          expect(text(zone, ticksOf(rule(zone, cron)).latest(came.length, end - 1))).toBe(text(zone, came))
        }
      }
    }
  })
})

test('CK-08 a day that a zone left out has no tick, and the days beside it have theirs: Samoa, 30 December 2011', () => {
  const noon = forward('Pacific/Apia', '0 12 * * *', Date.UTC(2011, 11, 28), Date.UTC(2012, 0, 2))
  expect(text('Apia', noon)).toBe(
    'Apia: 2011-12-28T22:00:00.000Z 2011-12-29T22:00:00.000Z 2011-12-30T22:00:00.000Z 2011-12-31T22:00:00.000Z 2012-01-01T22:00:00.000Z',
  )
})

test('CK-08 a time in a gap that ends with its day is not lost: half past eleven in Nuuk', () => {
  const found = forward('America/Nuuk', '30 23 * * *', Date.UTC(2026, 2, 28), Date.UTC(2026, 2, 31))
  expect(text('Nuuk', found)).toBe('Nuuk: 2026-03-28T01:30:00.000Z 2026-03-29T01:00:00.000Z 2026-03-30T00:30:00.000Z')
})
