/** The test of many processes on one storage: each task runs once. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { piecework } from '../../src/index.ts'
import { type Address, openAt } from '../servers/places.ts'
import { startsIn, stepTask } from './definition.ts'
import { until } from './until.ts'
import { startWorker } from './workers.ts'

export interface Crowd {
  readonly tasks: number
  readonly processes: number
  /** What is special about how each process reaches the storage, for the test's name. */
  readonly each: string
}

export function crowdDrains({ tasks, processes, each }: Crowd, fresh: () => Address): void {
  test(`${processes} processes${each} drain ${tasks} tasks: each runs once, and ends once`, {
    timeout: 180_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'piecework-crowd-'))
    const logs = Array.from({ length: processes }, (_, index) => join(folder, `${index}`))
    const address = fresh()
    const definition = stepTask('')
    const adder = piecework({ storage: await openAt(address), definitions: [definition] })
    const ids = new Set<string>()
    for (let left = tasks; left > 0; left -= 1_000) {
      const batch = Array.from({ length: Math.min(left, 1_000) }, () => definition.with({ forMs: 0 }))
      for (const { id } of await adder.add(batch)) ids.add(id)
    }
    const from = performance.now()
    const workers = await Promise.all(logs.map((log) => startWorker(address, log, { concurrency: 100, poll: '200ms' })))
    try {
      const runs = () => logs.map((log) => startsIn(log).length)
      await until(150_000, 'all have run', () => runs().reduce((sum, count) => sum + count) >= tasks)
      await Promise.all(workers.map((worker) => worker.stop()))
      console.log(`${tasks} tasks in ${Math.round(performance.now() - from)} ms, by process: ${runs().join(', ')}`)
      const started = logs.flatMap((log) => startsIn(log))
      expect(started).toHaveLength(tasks)
      expect(new Set(started)).toEqual(ids)
      await until(
        30_000,
        'all are counted as completed',
        async () => (await adder.status()).tasks.step?.completed === tasks,
      )
      expect((await adder.status()).tasks).toEqual({ step: { completed: tasks } })
    } finally {
      for (const worker of workers) worker.process.kill('SIGKILL')
      await adder.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
