/** The test of a network that is cut for 20 s under a worker's feet. */
import { mkdtempSync, rmSync } from 'node:fs'
import type { NetConnectOpts } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { piecework } from '../../src/index.ts'
import { type Address, openAt, type Place } from '../servers/places.ts'
import { startWire, type Wire } from '../servers/wire.ts'
import { startsIn, stepTask } from './definition.ts'
import { until } from './until.ts'
import { startWorker } from './workers.ts'

const cutMs = 20_000
const resumeMs = 5_000

/** @param target where the server listens; @param through the same storage by way of a port of this machine. */
export function networkCut<A extends Address>(
  place: Place<A>,
  target: NetConnectOpts,
  through: (direct: A, port: number) => A,
): void {
  test.each([
    ['a cable that is pulled and put back', (wire: Wire) => wire.mend()],
    ['a router that has forgotten all connections', (wire: Wire) => wire.mendForNew()],
  ] as const)(
    `DB-06 DB-07 ${cutMs / 1000} s without a network (%s): the process lives on, says little, and works again within ${resumeMs / 1000} s`,
    {
      timeout: 90_000,
    },
    async (_, mend) => {
      const folder = mkdtempSync(join(tmpdir(), 'piecework-cut-'))
      const log = join(folder, 'log')
      const address = place.fresh()
      const wire = await startWire(target)
      const definition = stepTask(log)
      const adder = piecework({ storage: await openAt(address), definitions: [definition] })
      await adder.add(definition, { forMs: 0 }, { id: 'before' })
      const worker = await startWorker(through(address, wire.port), log, { lease: '60s', poll: '200ms' })
      try {
        await until(10_000, 'the first task runs', () => startsIn(log).includes('before'))
        // One attempt is under way when the wire is cut, and ends during the cut.
        await adder.add(definition, { forMs: 1_000 }, { id: 'across' })
        await until(10_000, 'the second task runs', () => startsIn(log).includes('across'))
        wire.cut()
        await adder.add(definition, { forMs: 0 }, { id: 'during' })
        await sleep(cutMs)
        expect(worker.process.exitCode, worker.complaints.join('\n')).toBeNull()
        expect(startsIn(log)).toEqual(['before', 'across'])

        mend(wire)
        const resumedMs = await until(resumeMs, 'work goes on', () => startsIn(log).includes('during'))
        console.log(`worked again ${Math.round(resumedMs)} ms after a cut of ${cutMs / 1000} s`)
        for (const id of ['before', 'across', 'during']) {
          await until(resumeMs, `${id} is completed`, async () => (await adder.get(id))?.state === 'completed')
          expect(await adder.get(id)).toMatchObject({ attempts: 1, errors: [] })
        }
        expect(startsIn(log)).toEqual(['before', 'across', 'during'])
        // One line when it fails, one more each 10 s.
        expect(worker.complaints.length).toBeLessThanOrEqual(4)
        await worker.stop()
      } finally {
        worker.process.kill('SIGKILL')
        await adder.close()
        rmSync(folder, { recursive: true, force: true })
      }
    },
  )
}
