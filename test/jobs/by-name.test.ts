/** A task that was added by the name of a job, by somebody who knew the name alone: it ends, and says why. */
import { expect } from 'vitest'
import { job, task } from '../../src/index.ts'
import { kit, onEachStorage } from '../runner/face/kit.ts'

const pages = job('pages', { map: ({ part }: { part: number }) => part, reduce: ({ total }) => total })
const namesake = task('pages', { run: () => 'as a task' })

onEachStorage('PL-12 it fails once, is not run, and the jobs beside it go on', async (storage) => {
  const { work: knowsTheName, clock } = kit([namesake], { storage })
  const { work, lines } = kit([pages], { storage, clock })
  const failed: unknown[] = []
  work.on('failed', ({ id, reason }) => failed.push([id, reason]))
  const { id } = await knowsTheName.add(namesake, { page: 1 })
  await work.run(pages, [1, 2], { id: 'job' })
  await work.start()
  await clock.tick('3m')
  expect(failed).toEqual([[id, 'invalid_input']])
  expect(await work.get(id)).toMatchObject({
    state: 'failed',
    attempts: 1,
    reason: 'invalid_input',
    errors: [{ message: 'pages is a job, whose parts `work.run` adds; this was added as a task' }],
  })
  expect(await work.job('job')).toMatchObject({ state: 'completed', result: 2 })
  await expect(work.job(id)).rejects.toMatchObject({ code: 'not_found' })
  expect(lines.filter((line) => line.includes('can run') || line.includes('put off'))).toEqual([])
  await work.stop()
  // A process that has it as a task can still run it.
  expect(await knowsTheName.retry(id)).toBe(true)
  expect(await knowsTheName.runNext()).toMatchObject({ id, result: 'as a task' })
})
