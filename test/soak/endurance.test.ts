/** The short endurance run: memory, timers and listeners of one process through all that an app can do; and what its rule sees. */
import { beforeAll, describe, expect, test } from 'vitest'
import { chosenSeed } from '../../src/conformance/random.ts'
import { endure } from './endurance/endure.ts'
import { type Endurance, grown, growth } from './endurance/flat.ts'
import type { Look } from './endurance/look.ts'

describe('20,000 tasks of all kinds in one process', () => {
  let report: Endurance

  beforeAll(async () => {
    const seed = chosenSeed(undefined, () => Date.now() % 100_000)
    report = await endure({ tasks: 20_000, seed })
    const [warm, end] = report.rests
    console.log(`PIECEWORK_SEED=${seed}: ${JSON.stringify(report.events)}`)
    console.log(`at rest, once warm and at the end: ${JSON.stringify(warm)}, ${JSON.stringify(end)}`)
  })

  test('LD-06 SD-03 leave memory, timers, handles and listeners as they were, at work, at rest and past the close', () => {
    expect(grown(report)).toEqual([])
    expect(report.warnings).toEqual([])
  })

  test('ended in every way that there is, each as it should', () => {
    expect(report.wrong).toEqual([])
    for (const event of ['completed', 'failed', 'retrying', 'returned', 'cancelled', 'lost', 'storage_down'])
      expect(report.events, event).toHaveProperty(event)
    expect(report.rests[1].tasks).toBeGreaterThanOrEqual(20_000)
  })
})

describe('the rule of the endurance run', () => {
  const still: Look = {
    ...{ tasks: 0, seconds: 0, heap: 22, external: 11, rss: 200, timers: 9, handles: 4 },
    ...{ emitters: 80, targets: 18, process: 6, rows: 5_000, file: 20 },
  }

  /** Twenty looks, of which each has its number of tasks, some noise, and what has leaked by then. */
  function run(tasks: number, leaked: (tasks: number) => Partial<Look> = () => ({})) {
    const at = (share: number, noise = 0): Look => {
      const more = Object.entries(leaked(tasks * share)) as [keyof Look, number][]
      const sum = Object.fromEntries(more.map(([name, by]) => [name, still[name] + by]))
      return { ...still, heap: still.heap + noise, ...sum, tasks: tasks * share }
    }
    const busy = Array.from({ length: 20 }, (_, index) => at((index + 1) / 20, index % 3 === 0 ? 0.7 : 0))
    return { busy, rests: [at(0.2), at(1)], outside: [at(0), at(0)] } as const
  }

  test('is content with what stays as it is, give or take', () => {
    expect(grown(run(20_000))).toEqual([])
    expect(grown(run(20_000, (tasks) => ({ heap: tasks < 4_000 ? -3 : 0, rss: tasks / 1_000 })))).toEqual([])
  })

  test.each([
    ['100 bytes a task in 20,000', 20_000, (tasks: number) => ({ heap: tasks / 1e4 }), 'heap at rest'],
    ['3 bytes a task in a million', 1_000_000, (tasks: number) => ({ heap: (tasks * 3) / 1e6 }), 'heap at rest'],
    ['a timer for each 500 tasks', 20_000, (tasks: number) => ({ timers: tasks / 500 }), 'timers at work'],
    ['a listener for each 200 tasks', 20_000, (tasks: number) => ({ emitters: tasks / 200 }), 'emitters at rest'],
    [
      'one more listener of the process',
      20_000,
      (tasks: number) => ({ process: tasks > 9e3 ? 1 : 0 }),
      'process at rest',
    ],
    ['what is no number', 20_000, (tasks: number) => ({ heap: tasks > 9e3 ? Number.NaN : 0 }), 'heap at rest'],
  ])('sees %s', (_, tasks, leaked, what) => {
    expect(grown(run(tasks, leaked)).join('\n')).toContain(`${what} grew`)
  })

  test('sees what is left past the close', () => {
    const [before, after] = [still, { ...still, timers: still.timers + 1 }]
    expect(grown({ ...run(20_000), outside: [before, after] })).toEqual([
      'timers past the close grew by 1.00, more than 0',
    ])
  })

  test('compares the median of the last third with that of the first', () => {
    expect(growth([1, 9, 2, 5, 5, 5, 8, 8, 0])).toBe(6)
    expect(growth([3, 3, 3])).toBe(0)
  })
})
