/**
 * Runs one large job on SQLite in a process of its own, and says what it took: memory at many moments, calls of the
 * storage and their rows, and how far it said it was half-way. By hand, with any number of parts and of workers:
 *
 *     node --expose-gc test/jobs/many/run.ts 1000000 25
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import { job, never, piecework } from '../../../src/index.ts'
import { between, type Costs, counted } from './counted.ts'

export interface Report {
  readonly state: string
  readonly result: unknown
  /** Megabytes after a collection, at each tenth of the storing, the map and the reduce. */
  readonly memory: readonly { readonly at: string; readonly heap: number; readonly rss: number }[]
  readonly costs: Costs
  /** Half-way through the map. */
  readonly status: { readonly remaining: number; readonly ms: number; readonly costs: Costs }
  readonly seconds: number
}

const [count = 0, workers = 0, failing = 0] = process.argv.slice(2).map(Number)
const concurrency = 25
/** Some 200 characters in each part and in each result: 100,000 of them cannot hide. */
const filling = 'x'.repeat(200)

const memory: { at: string; heap: number; rss: number }[] = []
const step = Math.max(1, Math.floor(count / 10))

function look(phase: string, done: number): void {
  if (done % step !== 0) return
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  memory.push({ at: `${phase} ${Math.round((done / count) * 100)} %`, heap: heapUsed / 1e6, rss: rss / 1e6 })
}

async function* parts(): AsyncGenerator<{ number: number; text: string }> {
  for (let number = 0; number < count; number++) {
    look('store', number)
    yield { number, text: `${number} ${filling}` }
  }
}

const folder = mkdtempSync(join(tmpdir(), 'piecework-many-'))
const { storage, costs } = counted(sqlite(join(folder, 'work.db')))
const began = performance.now()
let mapped = 0
let status: Report['status'] | undefined

const many = job('many', {
  // All but a part of them may fail.
  threshold: failing > 0 ? count - 1 : 0,
  retry: never(),
  map: async ({ part }: { part: { number: number; text: string } }) => {
    look('map', mapped++)
    if (mapped === Math.floor(count / 2)) {
      const [before, start] = [structuredClone(costs), performance.now()]
      const { remaining } = await work.job('many')
      status = { remaining, ms: performance.now() - start, costs: between(before, costs) }
    }
    if (failing > 0 && part.number % failing === 0) throw new Error('it fails')
    return part
  },
  reduce: async ({ results }) => {
    let seen = 0
    let sum = 0
    for await (const { number } of results) {
      look('reduce', seen++)
      sum += number
    }
    return { seen, sum }
  },
})

const quiet = { info() {}, warn() {}, error() {} }
const work = piecework({ storage, definitions: [many], concurrency, logger: quiet })
const run = await work.run(many, parts(), { id: 'many', ...(workers > 0 ? { workers } : {}) })
await work.drain()
const { state, result } = await run.done()
await work.close()
rmSync(folder, { recursive: true, force: true })
const report = { state, result, memory, costs, status, seconds: (performance.now() - began) / 1000 }
console.log(JSON.stringify(report, (_, value) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value)))
