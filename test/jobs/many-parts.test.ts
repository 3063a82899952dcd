/** Jobs of a hundred thousand parts on SQLite: what they cost is counted, and their memory is measured after collections. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Costs } from './many/counted.ts'
import type { Report } from './many/run.ts'

const program = join(import.meta.dirname, 'many/run.ts')
const limitMs = 240_000

async function run(count: number, { workers = 0, failing = 0 } = {}): Promise<Report> {
  const args = [
    '--expose-gc',
    '--disable-warning=ExperimentalWarning',
    program,
    ...[count, workers, failing].map(String),
  ]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: limitMs, maxBuffer: 1e7 })
  return JSON.parse(stdout) as Report
}

/** For each part, as text: what is printed, and what a failed comparison shows. */
function perPart(costs: Costs, count: number): string {
  const share = (number: number) => (number / count).toFixed(3)
  const texts = Object.entries(costs).map(([verb, { calls, rows }]) => `${verb} ${share(calls)} (${share(rows)} rows)`)
  return texts.join(', ')
}

function rowsPerPart(costs: Costs, count: number): number {
  return Object.values(costs).reduce((sum, { rows }) => sum + rows, 0) / count
}

function callsPerPart(costs: Costs, count: number): number {
  return Object.values(costs).reduce((sum, { calls }) => sum + calls, 0) / count
}

describe('a job of 100,000 parts from an async generator', () => {
  test('is stored, mapped and reduced in memory that stays as it is, at a bounded number of rows a part', {
    timeout: limitMs,
  }, async () => {
    const count = 100_000
    const { state, result, memory, costs, status, seconds } = await run(count)
    for (const { at, heap, rss } of memory) console.log(`${at}: heap ${heap} MB, rss ${rss} MB`)
    console.log(`${seconds} s; a part: ${perPart(costs, count)}; status half-way in ${status.ms} ms`)
    expect({ state, result }).toEqual({ state: 'completed', result: { seen: count, sum: (count * (count - 1)) / 2 } })

    // Half of all parts, or of their results, would be 12 MB more, and all of them 25.
    const heaps = memory.map(({ heap }) => heap)
    expect(memory).toHaveLength(30)
    expect(Math.max(...heaps) - (heaps[0] ?? 0)).toBeLessThan(8)
    // What a process takes from the system grows with what it does at once, not with what it has done.
    const settled = memory.slice(15).map(({ rss }) => rss)
    expect(Math.max(...settled) - (settled[0] ?? 0)).toBeLessThan(80)

    // Stored, claimed, ended and read for the reduce: four rows a part, in batches.
    expect(rowsPerPart(costs, count)).toBeLessThan(4.1)
    expect(costs.insert.rows).toBe(count + 1)
    expect(costs.insert.calls).toBeLessThan(count / 400)
    expect(costs.apply.rows).toBeLessThan(count + 100)
    expect(costs.find.rows).toBeLessThan(count * 1.05)
    expect(costs.get.rows).toBeLessThan(count / 20)
  })

  test('tells how far it is without a look at the rows of its parts', { timeout: limitMs }, async () => {
    const { status } = await run(5_000)
    console.log(`half-way: ${JSON.stringify(status)}`)
    expect(status.remaining).toBeGreaterThan(2_000)
    expect(status.remaining).toBeLessThanOrEqual(2_500 + 500)
    expect(status.costs.count.calls).toBe(1)
    // The rest is of parts that end meanwhile.
    expect(status.costs.find.rows).toBeLessThan(10)
  })
})

describe('the calls and rows of a part', () => {
  test.each([
    ['without slots', {}],
    ['with 25 workers', { workers: 25 }],
    ['where every second part fails and may', { failing: 2 }],
  ])('are as many in a job of 20,000 as in one of 2,000, %s', { timeout: limitMs }, async (_, options) => {
    const [small, large] = [await run(2_000, options), await run(20_000, options)]
    console.log(`of  2,000: ${perPart(small.costs, 2_000)}`)
    console.log(`of 20,000: ${perPart(large.costs, 20_000)}`)
    expect(large.state).toBe('completed')
    // The job itself looks at all its failed parts when it is sealed and when none is open: how many there are at the
    // first look is a matter of moments. To read them after each batch would be four rows a part more.
    const looks = 'failing' in options ? 1 : 0
    expect(rowsPerPart(large.costs, 20_000)).toBeLessThan(rowsPerPart(small.costs, 2_000) * 1.1 + looks)
    expect(callsPerPart(large.costs, 20_000)).toBeLessThan(callsPerPart(small.costs, 2_000) * 1.1)
  })
})
