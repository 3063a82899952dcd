/** What `piecework`, `task`, a policy or a storage cannot be told is refused with its name, what was expected, what came. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import {
  type AddOptions,
  exponential,
  fixed,
  itemsCheck,
  linear,
  type PieceworkOptions,
  piecework,
  type TaskContext,
  type TaskOptions,
  task,
} from '../../../src/index.ts'
import { kit } from './kit.ts'
import { counts, durations, names, type Row, refuses, rows, thrownBy, wrong } from './wrong-values.ts'

const run = () => {}
const echo = task('echo', { run: ({ input }) => input })

test.each<Row>([
  ...rows('storage', [
    [undefined, '`undefined`'],
    [5, '`5`'],
    [{ traits: null }, 'an object'],
    [{ traits: {} }, '`undefined`'],
  ]),
  ...rows('definitions', [
    [undefined, '`undefined`'],
    ['x', '`"x"`'],
    [[null], '`null`'],
    [[{ name: 'x' }], 'an object'],
  ]),
  ...rows('definitions', [[[echo, echo], '"echo" twice']]),
  ...rows('name', names),
  ...rows('concurrency', [...counts, [0, '`0`'], [10_001, '`10001`']]),
  ...rows('lease', [...durations, [99, '`99`']]),
  ...rows('poll', [...durations, [0, '`0`']]),
  ...rows('logger', [
    [5, '`5`'],
    [null, '`null`'],
    [{ info: run, warn: run }, '`undefined`'],
  ]),
  ...rows('clock', [
    [{}, '`undefined`'],
    [null, '`null`'],
  ]),
  ...rows('options', [[Symbol.for('all'), '`undefined`']]),
])('piecework refuses %s %o', (option, value, shown) => {
  const storage = memory()
  const options = value === Symbol.for('all') ? undefined : { storage, definitions: [echo], [option]: value }
  refuses(
    thrownBy(() => piecework(wrong<PieceworkOptions>(options))),
    option,
    shown,
  )
})

test.each<Row>([
  ...rows('run', [
    [undefined, '`undefined`'],
    [5, '`5`'],
  ]),
  ...rows('retry', [
    [5, '`5`'],
    [{ maxAttempts: 3 }, 'an object'],
    [null, '`null`'],
  ]),
  ...rows('timeout', [...durations, [0, '`0`']]),
  ...rows('concurrency', [...counts, [0, '`0`']]),
  ...rows('check', [[true, '`true`']]),
  ...rows('maxCrashes', counts),
  ...rows('input', [
    [{}, 'an object'],
    [null, '`null`'],
  ]),
])('task refuses %s %o', (option, value, shown) => {
  const make = () => task('x', wrong<TaskOptions<TaskContext, void>>({ run, [option]: value }))
  refuses(thrownBy(make), option, shown)
})

test.each(names)('PL-08 task refuses the name %o', (name, shown) => {
  refuses(
    thrownBy(() => task(wrong<string>(name), { run })),
    'name',
    shown,
  )
})

describe('retry policies', () => {
  test.each<Row>([
    ...rows('maxAttempts', [...counts, [0, '`0`']]),
    ...rows('jitter', [
      [2, '`2`'],
      [Number.NaN, '`NaN`'],
      [null, '`null`'],
    ]),
    ...rows('delay', durations),
  ])('CK-05 ER-06 each refuses %s %o when it is made', (option, value, shown) => {
    for (const make of [fixed, linear, exponential]) {
      refuses(
        thrownBy(() => make(wrong({ [option]: value }))),
        option,
        shown,
      )
    }
  })

  test.each<Row>([
    ...rows('cap', durations),
    ...rows('factor', [
      [0.5, '`0.5`'],
      [Number.NaN, '`NaN`'],
    ]),
  ])('exponential refuses %s %o', (option, value, shown) => {
    refuses(
      thrownBy(() => exponential(wrong({ [option]: value }))),
      option,
      shown,
    )
  })
})

test('a misspelt option is named, with those that there are', async () => {
  const { work } = kit([echo])
  const misspelt: [() => unknown, string, string][] = [
    [() => piecework(wrong({ storage: memory(), definitions: [], concurency: 1 })), 'concurency', 'concurrency'],
    [() => task('x', wrong<TaskOptions<TaskContext, void>>({ run, retries: 3 })), 'retries', 'retry'],
    [() => fixed(wrong({ maxRetries: 3 })), 'maxRetries', 'maxAttempts'],
    [() => linear(wrong({ step: 3 })), 'step', 'cap'],
    [() => exponential(wrong({ base: 3 })), 'base', 'factor'],
    [() => itemsCheck(wrong({ minimum: 3 })), 'minimum', 'minimumExpectedItems'],
    [() => memory(wrong({ batch: 3 })), 'batch', 'batchMax'],
    [() => sqlite(':memory:', wrong({ prefix: 'a' })), 'prefix', 'tablePrefix'],
    [() => work.add(echo, {}, wrong<AddOptions>({ dely: 3 })), 'dely', 'through'],
    [() => work.purge(wrong({ older: 3 })), 'older', 'olderThan'],
    [() => work.stop(wrong({ timeot: 3 })), 'timeot', 'timeout'],
  ]
  for (const [call, found, known] of misspelt) {
    const message = String(await Promise.resolve().then(call).catch(String))
    expect(message).toMatch(new RegExp(`^TypeError: Expected \`\\w+\` to hold only .*${known}.*, got \`${found}\``))
  }
})

test('on and once refuse an event that there is not, and what is no listener', () => {
  const { work } = kit([echo])
  for (const verb of ['on', 'once'] as const) {
    refuses(
      thrownBy(() => work[verb](wrong<'completed'>('complete'), run)),
      'event',
      '`"complete"`',
    )
    refuses(
      thrownBy(() => work[verb]('completed', wrong(5))),
      'listener',
      '`5`',
    )
  }
})

test('sqlite refuses what is no database and options that cannot be', () => {
  for (const database of [undefined, null, 5, '', {}])
    refuses(
      thrownBy(() => sqlite(wrong(database))),
      'database',
      '',
    )
  const options = [
    ['synchronous', 'off'],
    ['busyTimeoutMs', Number.NaN],
    ['busyTimeoutMs', -1],
    ['busyTimeoutMs', '5s'],
    ['tablePrefix', ''],
    ['tablePrefix', '1'],
    ['tablePrefix', 'x; drop table'],
  ] as const
  for (const [option, value] of options) {
    refuses(
      thrownBy(() => sqlite(':memory:', wrong({ [option]: value }))),
      option,
      String(value),
    )
  }
  refuses(
    thrownBy(() => sqlite(':memory:', wrong(null))),
    'options',
    'null',
  )
})
