/** Pausing a definition: in every process of the storage, over restarts, and until somebody resumes it anywhere. */
import { expect, test } from 'vitest'
import { task } from '../../../src/index.ts'
import { gate, kit, onEachStorage, rowsIn } from './kit.ts'

const one = task('one', { run: () => 1 })
const two = task('two', { run: () => 2 })

onEachStorage('a paused definition is not begun by anybody until it is resumed; others are', async (storage) => {
  const { work, clock } = kit([one, two], { storage })
  await work.start()
  await work.pause(one)
  await work.pause(one)
  const [first, second] = await work.add([one.with(), two.with()])
  await clock.tick('1m')
  expect([(await work.get(first!.id))?.state, (await work.get(second!.id))?.state]).toEqual(['waiting', 'completed'])
  expect(await work.status()).toMatchObject({ paused: ['one'] })
  expect(await work.runNext()).toBeUndefined()
  expect(await work.drain()).toBe(0)
  await work.resume(one)
  await clock.settle()
  expect((await work.get(first!.id))?.state).toBe('completed')
  await work.resume(one)
  expect(await work.status()).toMatchObject({ paused: [], tasks: { one: { completed: 1 } } })
  await work.stop()
})

test('another process obeys a pause and a resume within about a second, though it has nothing else to do', async () => {
  const { work, storage, clock } = kit([one])
  const { work: other } = kit([one], { storage, clock })
  await work.start()
  await clock.tick('10s')
  await other.pause(one)
  await clock.tick('2s')
  const { id } = await other.add(one)
  await clock.tick('10s')
  expect((await other.get(id))?.state).toBe('waiting')
  await other.resume(one)
  await clock.tick('2500ms')
  expect((await other.get(id))?.state).toBe('completed')
  await work.stop()
})

test('a pause outlives the process, and what runs is left to run', async () => {
  const door = gate()
  const long = task('long', { run: () => door.opened })
  const { work, storage, clock } = kit([long])
  await work.start()
  const [running, waiting] = [await work.add(long), await work.add(long, undefined, { delay: '1s' })]
  await clock.settle()
  await work.pause(long)
  door.open()
  await clock.tick('5s')
  expect((await work.get(running.id))?.state).toBe('completed')
  await work.stop()
  const { work: restarted } = kit([long], { storage, clock })
  await restarted.start()
  await clock.tick('1m')
  expect((await restarted.get(waiting.id))?.state).toBe('waiting')
  expect((await restarted.status()).paused).toEqual(['long'])
  await restarted.stop()
})

test('P-ISOLATE the row of a pause is no task: it cannot be read, changed, counted or taken for one', async () => {
  const { work, storage } = kit([one])
  await work.pause(one)
  expect(await rowsIn(storage)).toBe(1)
  const id = '~pause:one'
  expect(await work.get(id)).toBeUndefined()
  for (const verb of ['cancel', 'retry', 'release', 'explain'] as const) {
    await expect(work[verb](id)).rejects.toMatchObject({ code: 'not_found' })
  }
  await expect(work.items(id).next()).rejects.toMatchObject({ code: 'not_found' })
  await work.purge()
  expect((await work.status()).tasks).toEqual({ one: {} })
  expect((await work.status()).paused).toEqual(['one'])
})

test('PL-08 names that hold a slash or a percent sign are paused apart', async () => {
  const definitions = ['a/b', 'a%2Fb', 'a%b', 'constructor', '__proto__'].map((name) => task(name, { run: () => name }))
  const { work } = kit(definitions)
  const [first] = definitions
  await work.pause(first!)
  const added = await work.add(definitions.map((definition) => definition.with()))
  expect(await work.drain()).toBe(4)
  const { tasks, paused } = await work.status()
  expect(paused).toEqual(['a/b'])
  expect(Object.entries(tasks)).toEqual([
    ['a/b', { waiting: 1 }],
    ...definitions.slice(1).map(({ name }) => [name, { completed: 1 }]),
  ])
  expect((await work.get(added[0]!.id))?.state).toBe('waiting')
})
