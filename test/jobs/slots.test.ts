/** Jobs with `workers`, worked on by more processes than they have slots. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { chosenSeed, seeded } from '../../src/conformance/random.ts'
import { piecework } from '../../src/index.ts'
import { slotsJob } from './racing/slots-job.ts'

const processes = 4
const partsEach = 25
const script = fileURLToPath(new URL('./racing/slots-worker.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'piecework-slots-'))
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

async function begin(file: string, log: string): Promise<ChildProcess> {
  const child = fork(script, [file, log], { execArgv: ['--disable-warning=ExperimentalWarning'] })
  children.push(child)
  await once(child, 'message')
  return child
}

test('D2 workers: at no instant do more parts of a job run than that, over all processes, and no slot lies idle for good', async () => {
  const seed = chosenSeed(undefined, () => Date.now() % 100_000)
  console.log(`PIECEWORK_SEED=${seed}`)
  const random = seeded(seed)
  const file = join(folder, 'work.db')
  const log = join(folder, 'handlers.log')
  const definition = slotsJob(() => {})
  const work = piecework({ storage: sqlite(file, { synchronous: 'normal' }), definitions: [definition] })
  await Promise.all(Array.from({ length: processes }, () => begin(file, log)))

  const slots = new Map<string, number>()
  const runs = await Promise.all(
    [1, 1, 2, 2, 3, 3, 5, 8].map((workers, number) => {
      slots.set(`job-${number}`, workers)
      const parts = Array.from({ length: partsEach }, () => random.below(25))
      return work.run(definition, parts, { id: `job-${number}`, workers })
    }),
  )
  const begunAt = performance.now()
  for (const run of runs) expect(await run.done()).toMatchObject({ state: 'completed', result: partsEach })
  // Nobody was killed, so nobody had to wait for the wake of a job.
  expect(performance.now() - begunAt).toBeLessThan(25_000)
  for (const child of children) child.send('end')
  await Promise.all(children.map((child) => once(child, 'exit')))
  await work.close()

  const running = new Map<string, number>()
  const most = new Map<string, number>()
  for (const line of readFileSync(log, 'utf8').trim().split('\n')) {
    const [sign, id = ''] = line.split(' ')
    const now = (running.get(id) ?? 0) + (sign === '+' ? 1 : -1)
    running.set(id, now)
    most.set(id, Math.max(most.get(id) ?? 0, now))
  }
  for (const [id, workers] of slots) {
    expect(most.get(id), `the most parts of ${id} at once`).toBeLessThanOrEqual(workers)
    // As many as may: the slots of a job are there to be used.
    if (workers <= 3) expect(most.get(id), `the most parts of ${id} at once`).toBe(workers)
  }
  expect([...running.values()]).toEqual([...slots.values()].map(() => 0))
})
