/** The test of a server that is killed and started again under load. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { PieceworkError, piecework } from '../../src/index.ts'
import { openAt, type Place } from '../servers/places.ts'
import type { Server } from '../servers/server.ts'
import { startsIn, stepTask } from './definition.ts'
import { until } from './until.ts'
import { startWorker } from './workers.ts'

const kills = 3
const downMs = 1_000
const resumeMs = 5_000

export function serverRestarts(server: Server, place: Place): void {
  test(`DB-04 a server killed ${kills} times under load: nothing is lost, nothing runs twice, work resumes within ${resumeMs / 1000} s`, {
    timeout: 120_000,
  }, async ({ skip }) => {
    if (!server.own) skip(`the server that ${server.source} names is not ours to kill`)
    const folder = mkdtempSync(join(tmpdir(), 'piecework-restart-'))
    const logs = [0, 1].map((index) => join(folder, `${index}`))
    const starts = () => logs.flatMap((log) => startsIn(log))
    const address = place.fresh()
    const definition = stepTask('')
    const logger = { info() {}, warn() {}, error() {} }
    const adder = piecework({ storage: await openAt(address), definitions: [definition], logger })
    await adder.add(definition, { forMs: 0 }, { id: 'first' })
    const workers = await Promise.all(logs.map((log) => startWorker(address, log, { lease: '60s', poll: '100ms' })))
    const acknowledged: string[] = ['first']
    let adding = true

    /** The same id again until it is acknowledged: whether the call before it went through does not matter. */
    async function addOne(id: string): Promise<void> {
      for (;;) {
        try {
          await adder.add(definition, { forMs: 20 }, { id })
          acknowledged.push(id)
          return
        } catch (error) {
          if (!(error instanceof PieceworkError)) throw error
          await sleep(50)
        }
      }
    }
    async function addOn(line: number): Promise<void> {
      for (let count = 0; adding; count++) {
        await addOne(`t-${line}-${count}`)
        await sleep(5)
      }
    }

    const lines = [0, 1, 2, 3].map(addOn)
    try {
      for (let round = 0; round < kills; round++) {
        const before = starts().length
        await until(20_000, 'work goes on', () => starts().length > before + 50)
        await server.kill()
        await sleep(downMs)
        const atRestart = starts().length
        await server.restart()
        const resumedMs = await until(resumeMs, 'work goes on after a restart', () => starts().length > atRestart)
        console.log(`worked again ${Math.round(resumedMs)} ms after the server was back`)
      }
      adding = false
      await Promise.all(lines)
      await until(60_000, 'all is done', async () => {
        const counts = (await adder.status()).tasks.step ?? {}
        return counts.completed === acknowledged.length
      })
      for (const worker of workers) {
        expect(worker.process.exitCode, worker.complaints.join('\n')).toBeNull()
        await worker.stop()
      }
      const started = starts()
      expect(new Set(started)).toEqual(new Set(acknowledged))
      expect(started).toHaveLength(acknowledged.length)
      console.log(`${acknowledged.length} tasks, ${kills} kills of the server`)
    } finally {
      adding = false
      for (const worker of workers) worker.process.kill('SIGKILL')
      await adder.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
