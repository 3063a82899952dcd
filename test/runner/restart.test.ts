/** Starting and stopping, again and again, in any order. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { piecework, task } from '../../src/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { later, proc, rowOf } from './kit.ts'
import type { Report } from './starts/process.ts'

describe('starting and stopping', () => {
  test('SD-03 twice, before a start, or at once with it: harmless, and the last word counts', async () => {
    const clock = manualClock()
    const a = proc([task('work', { run: () => {} })], { clock })
    await a.work.stop()
    expect(a.work.running).toBe(false)
    await Promise.all([a.work.start(), a.work.start()])
    expect(a.work.running).toBe(true)
    const [one, two] = await Promise.all([a.work.stop(), a.work.stop()])
    expect(one).toEqual(two)
    await Promise.all([a.work.start(), a.work.stop()])
    expect(a.work.running).toBe(false)
    await Promise.all([a.work.start(), a.work.stop(), a.work.start()])
    expect(a.work.running).toBe(true)
    await Promise.all([a.work.stop(), a.work.start(), a.work.stop()])
    await clock.settle()
    expect(a.work.running).toBe(false)
    expect(a.timers()).toBe(0)
  })

  test('SD-03 two hundred times leaves no handle open', async () => {
    const storage = memory()
    const resources = () => process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate').length
    const work = task('work', { run: () => {} })
    const instance = piecework({ storage, definitions: [work] })
    const before = resources()
    for (let round = 0; round < 200; round++) {
      await instance.start()
      if (round % 10 === 0) await instance.add(work)
      await instance.stop()
    }
    expect(resources()).toBeLessThanOrEqual(before)
    await instance.drain()
    expect((await instance.status()).tasks.work).toEqual({ completed: 20 })
  })

  test('SD-03 leaves no timer of a task that was cancelled after its claim and before its start', async () => {
    const storage = memory()
    const clock = manualClock()
    const gate = later()
    const work = task('work', { run: ({ input }: { input: boolean }) => (input ? gate.promise : undefined) })
    const a = proc([work], { storage, clock, concurrency: 1 })
    // Tasks that take no time are claimed ahead.
    await a.work.add([false, false, false].map((waits) => work.with(waits)))
    await a.work.drain()
    await a.work.start()
    const [, second] = await a.work.add([work.with(true), work.with(false)])
    await clock.settle()
    expect((await rowOf(storage, second!.id)).state).toBe('running')
    expect(await a.work.cancel(second!.id)).toBe(true)
    gate.resolve()
    await clock.settle()
    expect(await a.work.stop()).toEqual({ givenBack: [], abandoned: [] })
    expect(a.timers()).toBe(0)
  })

  test('SD-03 a thousand times with schedules, threads and a server leaves nothing open, and the process ends', async () => {
    const program = join(import.meta.dirname, 'starts/process.ts')
    const args = ['--disable-warning=ExperimentalWarning', program, '1000']
    // It is not told to end: whatever is left open would keep it.
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 })
    const { open, completed } = JSON.parse(stdout) as Report
    console.log(`completed: ${JSON.stringify(completed)}`)
    expect(open.map(({ round, kinds }) => [round, ...kinds])).toEqual(open.map(({ round }) => [round]))
    expect(completed).toMatchObject({ threaded: 10, ticked: expect.any(Number) })
  })
})
