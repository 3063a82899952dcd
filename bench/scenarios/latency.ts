/** From one process's `add` to the start of the handler in another process, which was idle. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { startWorker } from '../contenders/piecework.ts'
import { onSqlite } from '../contenders/piecework-sqlite.ts'
import { startWorker as startPlainjob } from '../contenders/plainjob.ts'
import type { Contender, Sample, Scenario } from '../scenario.ts'
import { sharedNow } from './shared-now.ts'

type Begun = (at: number) => void
type StartWorker = (folder: string, begun: Begun) => (() => Promise<void>) | Promise<() => Promise<void>>

export const latency: Scenario = {
  name: 'latency',
  about:
    'one task at a time, 50 to 150 ms apart, added by another process; from before `add` to the start of its handler',
  countOf: () => 50,
  roundsMax: 2,
  groups: [
    {
      title: 'an idle worker, synchronous FULL',
      references: [],
      contenders: [
        contender('piecework', 'piecework', (folder, begun) =>
          startWorker(onSqlite('node:sqlite', 'full'), folder, begun),
        ),
        contender('plainjob', 'plainjob', (folder, begun) => startPlainjob(folder, 1000, begun)),
        contender('plainjob, polling every 10 ms', 'plainjob', (folder, begun) => startPlainjob(folder, 10, begun)),
      ],
    },
  ],
}

function contender(name: string, adder: 'piecework' | 'plainjob', start: StartWorker): Contender {
  return { name, measure: (folder, count) => measure(adder, start, folder, count) }
}

/** CPU is the worker's own: what it costs to be idle and quick at once. */
async function measure(adder: string, start: StartWorker, folder: string, count: number): Promise<Sample> {
  const latenciesMs: number[] = []
  const { promise: all, resolve } = Promise.withResolvers<void>()
  const stop = await start(folder, (at) => {
    latenciesMs.push(sharedNow() - at)
    if (latenciesMs.length === count) resolve()
  })
  const cpu = process.cpuUsage()
  const began = performance.now()
  const child = fork(join(import.meta.dirname, 'latency-adder.ts'), [adder, folder, String(count)])
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`The adder ended with ${code}`)
  await all
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  await stop()
  return { count, ms, cpuMs: (user + system) / 1000, latenciesMs }
}
