/** What `schedule` and its kin refuse: a TypeError that names the option, and nothing is stored. */
import { afterAll, expect, test } from 'vitest'
import { task } from '../../src/index.ts'
import { setUp, start } from './kit.ts'

const house = setUp()
const { report, work, storage } = house
const good = { every: '1m' }

const bad: readonly (readonly [what: string, options: unknown, says: RegExp])[] = [
  ['no options', undefined, /`options`/],
  ['an unknown option', { ...good, evry: 1 }, /evry/],
  ['no rule', {}, /one of `cron`, `every` and `at`, got none/],
  ['two rules', { ...good, cron: '* * * * *' }, /got several/],
  ['a pattern of four fields', { cron: '* * * *' }, /`cron`.*five or six/],
  ['a pattern of seven fields', { cron: '* * * * * * 2026' }, /`cron`/],
  ['a date for a pattern', { cron: '2026-01-01T00:00:00' }, /`cron`/],
  ['a minute of 60', { cron: '60 * * * *' }, /`cron`/],
  ['CK-13 a day that never comes', { cron: '0 0 31 2 *' }, /`cron`.*fits some day/],
  ['M38 lists that fit no day', { cron: { dayOfMonth: [31], month: [2, 4] } }, /`cron`.*fits some day/],
  ['a pattern as long as a book', { cron: `${'1,'.repeat(2_000)}1 * * * *` }, /`cron`/],
  ['a number for a pattern', { cron: 5 }, /`cron`/],
  ['null for a pattern', { cron: null }, /`cron`/],
  ['an array for lists', { cron: [1] }, /`cron`/],
  ['a day of the week 7 in lists', { cron: { dayOfWeek: [7] } }, /`cron.dayOfWeek`/],
  ['text in lists', { cron: { hour: ['3'] } }, /`cron.hour`/],
  ['an unknown list', { cron: { second: [1] } }, /second/],
  ['a zone that is none', { cron: '* * * * *', timeZone: 'Mars/Olympus' }, /`timeZone`/],
  ['an empty zone', { cron: '* * * * *', timeZone: '' }, /`timeZone`/],
  ['a list for a zone', { cron: '* * * * *', timeZone: ['UTC'] }, /`timeZone`/],
  ['a zone without a cron', { ...good, timeZone: 'UTC' }, /`timeZone`/],
  ['an unknown rule for clock changes', { cron: '* * * * *', clockChanges: 'both' }, /`clockChanges`/],
  ['CK-05 a period below a second', { every: 999 }, /`every`/],
  ['CK-05 a period of NaN', { every: Number.NaN }, /`every`/],
  ['CK-05 an endless period', { every: Number.POSITIVE_INFINITY }, /`every`/],
  ['M34 a delay of 0', { every: 0 }, /`every`/],
  ['`from` without `every`', { cron: '* * * * *', from: start }, /`from`/],
  ['an instant in seconds', { at: 1_767_225_600 }, /`at`/],
  ['an invalid Date', { at: new Date('x') }, /`at`/],
  ['an invalid end', { ...good, until: 'tomorrow' }, /`until`/],
  ['an unknown overlap', { ...good, overlap: 'wait' }, /`overlap`/],
  ['an unknown policy', { ...good, missed: 'none' }, /`missed`/],
  ['a limit of 0', { ...good, limit: 0 }, /`limit`/],
  ['a limit of 10,001', { ...good, limit: 10_001 }, /`limit`/],
  ['a negative jitter', { ...good, jitter: -1 }, /`jitter`/],
  ['a priority of 10', { ...good, priority: 10 }, /`priority`/],
  ['an empty name', { ...good, name: '' }, /`name`/],
  ['a name with a slash', { ...good, name: 'a/b' }, /`name`/],
  ['a name with a newline', { ...good, name: 'a\nb' }, /`name`/],
  ['a name that begins with ~', { ...good, name: '~a' }, /`name`/],
  ['a name without room for its ticks', { ...good, name: 'x'.repeat(104) }, /`name`.*103/],
  ['an input that no storage keeps', { ...good, input: { at: new Date() } }, /\$\.at/],
]

test.each(bad)('%s', async (_, options, says) => {
  const call = work.schedule(report, options as { every: 1 })
  await expect(call).rejects.toThrow(TypeError)
  await expect(call).rejects.toThrow(says)
})

test('a definition that is not one of the instance, or none', async () => {
  const other = task('other', { run: () => {} })
  await expect(work.schedule(other, { every: '1m' })).rejects.toThrow(/`definition`/)
  await expect(work.schedule(undefined as unknown as typeof report, { every: '1m' })).rejects.toThrow(/`definition`/)
})

test('a handle, a preview and a count that cannot be', () => {
  expect(() => work.scheduled('a/b')).toThrow(/`name`/)
  expect(() => work.preview({ every: '1m' }, 0)).toThrow(/`count`/)
  expect(() => work.preview({ every: '1m', until: 1 } as object)).toThrow(/until/)
  expect(() => work.preview({})).toThrow(/got none/)
})

test('roles that leave nothing to start, or are none', () => {
  expect(() => work.start({ schedule: false, work: false })).toThrow(/`schedule` or `work`/)
  expect(() => work.start({ work: 1 } as object)).toThrow(/`work`/)
  expect(() => work.start({ works: true } as object)).toThrow(/works/)
})

test('a schedule that there is not: not_found, whatever is asked of it', async () => {
  const none = work.scheduled('none')
  for (const verb of ['info', 'next', 'pause', 'resume', 'remove'] as const) {
    await expect(none[verb]()).rejects.toMatchObject({ code: 'not_found' })
  }
})

test('what is changed after the call changes nothing: B16', async () => {
  const mine = setUp()
  const cron = { minute: [5], hour: [3] }
  const input = { page: 1 }
  const options = { cron, input }
  const made = mine.work.schedule(mine.report, options)
  cron.minute.push(6)
  input.page = 2
  Object.assign(options, { cron: '* * * * *' })
  expect(await made).toMatchObject({ rule: { cron: { minute: [5], hour: [3] } }, input: { page: 1 } })
})

afterAll(async () => {
  expect((await storage.find({ names: ['~schedule', 'report', 'other'] }, 10)).rows).toEqual([])
})
