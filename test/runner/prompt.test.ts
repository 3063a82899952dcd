/** Tasks in the foreground of a worker that is never at rest. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { piecework, task } from '../../src/index.ts'
import type { Storage } from '../../src/storage/index.ts'

test('LD-06 runTask resolves once its own outcome is stored, however many others end without a pause', async () => {
  const inner = memory()
  // As a database answers: others end while it does.
  const apply: Storage['apply'] = async (changes) => {
    for (let turns = 0; turns < 10; turns++) await turn()
    return inner.apply(changes)
  }
  const stream = task('stream', { run: () => turn() })
  const single = task('single', { run: () => 'done' })
  const storage = Object.assign(Object.create(inner) as Storage, { apply })
  const work = piecework({ storage, definitions: [stream, single], concurrency: 10 })
  let ended = 0
  work.on('completed', ({ name }) => void (name === 'stream' && ended++))
  const { id } = await work.add(single, undefined, { delay: '1h' })
  await work.add(Array.from({ length: 30_000 }, () => stream.with()))
  await work.start()
  await expect.poll(() => ended).toBeGreaterThan(1_000)
  const before = ended
  expect(await work.runTask(id)).toMatchObject({ ran: true, task: { state: 'completed', result: 'done' } })
  console.log(`${ended - before} others ended meanwhile`)
  expect(ended - before).toBeLessThan(1_000)
  await work.close({ timeout: 0 })
})
