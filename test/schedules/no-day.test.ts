/** Rules that fit seldom or never, and seconds that the clock shows twice. */
import { expect, test } from 'vitest'
import { setUp, start, text } from './kit.ts'

const { work } = setUp()

/** It takes 3 to 5 ms here; a search that goes on from day to day, or for ever, is far beyond this on any machine. */
const boundMs = 100

/** The shortest of some, or the first within the bound: another process may take the core at any instant. */
function quickest(what: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 200 && best >= boundMs; round++) {
    const from = performance.now()
    what()
    best = Math.min(best, performance.now() - from)
  }
  return best
}

test.each([
  { cron: '0 0 31 2 *' },
  { cron: '0 0 30 2 *' },
  { cron: '0 0 31 4,6,9,11 *' },
  { cron: { month: [2], dayOfMonth: [30, 31] } },
])('CK-13 a date that there is not is found out at once: $cron', (rule) => {
  expect(() => work.preview(rule, 1)).toThrow(/fits some day/)
  expect(
    quickest(() => {
      try {
        work.preview(rule, 1)
      } catch {}
    }),
  ).toBeLessThan(boundMs)
})

test.each([
  [{ cron: '0 0 29 2 *' }, '2028-02-29'],
  [{ cron: '0 0 31 * *' }, '2026-01-31'],
  [{ cron: { month: [2], dayOfMonth: [29] } }, '2028-02-29'],
  [{ cron: { month: [2], dayOfMonth: [29], dayOfWeek: [0] } }, '2044-02-29'],
])('CK-13 a date that there seldom is takes no longer: %j', (rule, day) => {
  expect(text(work.preview(rule, 1)[0]?.at).slice(0, 10)).toBe(day)
  expect(quickest(() => work.preview(rule, 1))).toBeLessThan(boundMs)
})

test('CK-10 a second that the clock shows twice, or passes over, or that is longer than others, has its tick once', async () => {
  const { clock, seconds, report, work: works } = setUp()
  await works.schedule(report, { cron: '* * * * * *', missed: 'all', until: start + 20_000 })
  await works.start()
  await clock.tick('5500ms')
  clock.step(-1_000)
  await clock.tick('5s')
  clock.step(1_000)
  await clock.tick('3s')
  // Smeared over four seconds.
  for (let quarter = 0; quarter < 4; quarter++) {
    clock.step(-250)
    await clock.tick('1s')
  }
  await clock.tick('10s')
  expect(seconds()).toEqual(Array.from({ length: 20 }, (_, second) => second + 1))
  await works.stop()
})
