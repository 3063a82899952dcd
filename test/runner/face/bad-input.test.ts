/** What a caller gets wrong is refused at the door with its name, what was expected and what came; nothing is stored. */
import { expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import {
  type AddOptions,
  type NewTask,
  PayloadError,
  type Piecework,
  type ThroughOptions,
  task,
} from '../../../src/index.ts'
import { kit, rejection, rowsIn } from './kit.ts'
import { counts, durations, names, type Row, refuses, rows, wrong } from './wrong-values.ts'

const run = () => {}
const echo = task('echo', { run: ({ input }) => input })
const other = task('other', { run })

/** Calls of every verb that are wrong, on an instance that has one task. */
const calls: [string, string, string, (work: Piecework) => Promise<unknown>][] = [
  ...[undefined, null, 'echo', 5, {}, other].map((value): (typeof calls)[number] => {
    const shown = value === other ? '"other"' : value === 'echo' ? '"echo"' : ''
    return [`add of ${String(value)}`, 'definition', shown, (work) => work.add(wrong<typeof echo>(value), {})]
  }),
  ['add of a namesake', 'definition', '"echo"', (work) => work.add(task('echo', { run }), {})],
  ['add of definitions', 'tasks', 'an object', (work) => work.add(wrong<NewTask[]>([echo]))],
  ['add of numbers', 'tasks', '`5`', (work) => work.add(wrong<NewTask[]>([5]))],
  ['add with a wrong `through`', 'through', '`null`', (work) => work.add(echo, {}, wrong({ through: null }))],
  ['add with a client as `through`', 'through', 'an object', (work) => work.add(echo, {}, wrong({ through: {} }))],
  [
    'add of a batch with options of one',
    'options',
    'delay',
    (work) => work.add([echo.with(1)], wrong<ThroughOptions>({ delay: 1 })),
  ],
  ['pause of a name', 'definition', '"echo"', (work) => work.pause(wrong('echo'))],
  ['resume of another', 'definition', '"other"', (work) => work.resume(other)],
  ...(['get', 'cancel', 'retry', 'release', 'explain'] as const).flatMap((verb) =>
    [undefined, '', 5, 'caf\u00e9', 'x'.repeat(300)].map((id): (typeof calls)[number] => {
      return [`${verb} of ${String(id).slice(0, 9)}`, 'id', '', (work) => work[verb](wrong<string>(id))]
    }),
  ),
  ['items of a number', 'id', '`5`', (work) => work.items(wrong<string>(5)).next()],
  ['stop in NaN', 'timeout', '`NaN`', (work) => work.stop({ timeout: Number.NaN })],
  ['stop with null', 'options', '`null`', (work) => work.stop(wrong(null))],
  ['close in -1', 'timeout', '`-1`', (work) => work.close({ timeout: -1 })],
  ['purge of a state', 'states', '`"failed"`', (work) => work.purge(wrong({ states: 'failed' }))],
  ['purge of what waits', 'states', '`"waiting"`', (work) => work.purge(wrong({ states: ['waiting'] }))],
  ['purge of a name', 'names', '`"echo"`', (work) => work.purge(wrong({ names: 'echo' }))],
  ['purge of numbers', 'names', '`5`', (work) => work.purge(wrong({ names: [5] }))],
  ['purge older than NaN', 'olderThan', '`NaN`', (work) => work.purge({ olderThan: Number.NaN })],
  ['purge into a number', 'sink', '`5`', (work) => work.purge(wrong({ sink: 5 }))],
]

test.each(calls)('%s is refused and changes nothing', async (_, option, shown, call) => {
  const { work, storage } = kit([echo])
  const { id } = await work.add(echo, {})
  await work.cancel(id)
  refuses(await rejection(call(work)), option, shown)
  expect([await rowsIn(storage), (await work.status()).paused]).toEqual([1, []])
})

test.each<Row>([
  ...rows('delay', durations),
  ...rows('at', [
    [new Date(0), '1970-01-01'],
    [new Date(Number.NaN), 'nvalid Date'],
    [1_767_225_600, '`1767225600`'],
    [Date.UTC(275_000), '`'],
    [9_435_000_000_000_000, '`9435000000000000`'],
    ['2026-01-01', '`"2026-01-01"`'],
    [null, '`null`'],
  ]),
  ...rows('priority', [...counts, [10, '`10`']]),
  ...rows('key', [
    ['', '`""`'],
    [5, '`5`'],
    ['a\0', 'a'],
    ['\ud800', '`'],
    ['x'.repeat(257), 'xxx...'],
  ]),
  ...rows('id', [...names, ['a/b', '`"a/b"`'], ['~pause:echo', '~pause']]),
  ...rows('hold', [[1, '`1`']]),
])('CK-05 PL-05 PL-08 add refuses %s %o, alone and in a batch, and stores nothing', async (option, value, shown) => {
  const { work, storage } = kit([echo])
  const options = wrong<AddOptions>({ [option]: value })
  refuses(await rejection(work.add(echo, {}, options)), option, shown)
  refuses(await rejection(work.add([echo.with(1), echo.with(2, options)])), option, shown)
  expect(await rowsIn(storage)).toBe(0)
})

test('add refuses options that are no options, and both a delay and an instant', async () => {
  const { work, storage } = kit([echo])
  for (const options of [null, 5, 'x', []]) {
    refuses(await rejection(work.add(echo, {}, wrong<AddOptions>(options))), 'options', '')
  }
  expect((await rejection(work.add(echo, {}, { delay: 1, at: new Date() }))).message).toMatch(/`delay` or `at`/)
  expect(await rowsIn(storage)).toBe(0)
})

const cycle: Record<string, unknown> = {}
cycle.self = cycle
test.each([
  ['$.a[1].b', { a: [1, { b: 10n }] }],
  ['$.run', { run }],
  ['$[0]', [Number.NaN]],
  ['$.when', { when: new Date() }],
  ['$[1]', [1, undefined]],
  ['$["odd key"]', { 'odd key': new Map() }],
  ['$.self', cycle],
  ['$', Symbol('x')],
])('PL-01 PL-02 PL-03 add refuses what JSON would lose at %s, with the path', async (path, input) => {
  const { work, storage } = kit([echo])
  const error = await rejection(work.add([echo.with(1), echo.with(input)]))
  expect(error).toBeInstanceOf(PayloadError)
  expect(error).toMatchObject({ path, message: expect.stringMatching(/^Expected a value that JSON keeps faithfully/) })
  expect(await rowsIn(storage)).toBe(0)
})

test('PL-11 add refuses an input over the size of a row, in bytes, and leaves room for what a task remembers', async () => {
  const { work, storage } = kit([echo], { storage: memory({ rowMaxBytes: 10_000 }) })
  refuses(await rejection(work.add(echo, 'x'.repeat(9_000))), 'input', '9002')
  refuses(await rejection(work.add(echo, '\u00e9'.repeat(5_000))), 'input', '10002')
  expect(await rowsIn(storage)).toBe(0)
  expect((await work.add(echo, 'x'.repeat(7_000))).status).toBe('added')
})
