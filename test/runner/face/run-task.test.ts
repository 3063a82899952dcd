/** One task by its id: run at once through the same reservation as a worker's, removed, and what is next. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { cleanup } from '../../../src/cleanup/index.ts'
import { job, never, piecework, task } from '../../../src/index.ts'
import type { Storage } from '../../../src/storage/index.ts'
import { faulty } from '../../../src/testing/index.ts'
import { later, proc, verbs } from '../kit.ts'
import { kit, rejection } from './kit.ts'

/** A storage behind a network, without hints: between any two calls of one process, others have their turn. */
function distant(storage: Storage): Storage {
  const wrapped: Record<string, unknown> = { watch: undefined }
  for (const verb of verbs) {
    const call = storage[verb].bind(storage) as (...args: unknown[]) => unknown
    wrapped[verb] = async (...args: unknown[]) => {
      await new Promise((resolve) => setImmediate(resolve))
      const answer = await call(...args)
      await new Promise((resolve) => setImmediate(resolve))
      return answer
    }
  }
  return Object.assign(Object.create(storage) as Storage, wrapped)
}

const rounds = 140

/** So many turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const quiet = { info() {}, warn() {}, error() {} }
const seen: unknown[] = []
const echo = task('echo', {
  run: ({ input }) => {
    seen.push(input)
    return input
  },
})
const pages = job('pages', { map: ({ part }: { part: number }) => part })

describe('runTask', () => {
  test('Y9 runs a waiting task before its time, whatever is due before it and while its definition is paused', async () => {
    seen.length = 0
    const { work } = kit([echo])
    await work.add(echo, 'first', { priority: 0 })
    const { id } = await work.add(echo, 'mine', { delay: '1h', priority: 9 })
    await work.pause(echo)
    const { ran, task: done } = await work.runTask(id)
    expect([ran, done.state, done.result, done.attempts, seen]).toEqual([true, 'completed', 'mine', 1, ['mine']])
  })

  test('Y13 leaves what is completed, held, cancelled or failed as it is, and says that it did not run', async () => {
    seen.length = 0
    const fail = task('fail', { retry: never(), run: () => Promise.reject(new Error('no')) })
    const { work } = kit([echo, fail])
    const done = await work.add(echo, 1)
    const failed = await work.add(fail)
    await work.drain()
    const held = await work.add(echo, 2, { hold: true })
    const off = await work.add(echo, 3)
    await work.cancel(off.id)
    const states = { [done.id]: 'completed', [held.id]: 'held', [off.id]: 'cancelled', [failed.id]: 'failed' }
    for (const [id, state] of Object.entries(states)) {
      const before = await work.get(id)
      expect(await work.runTask(id)).toEqual({ ran: false, task: before })
      expect(before?.state).toBe(state)
    }
    expect(seen).toEqual([1])
  })

  test('Y9 what fails is recorded and retried as by a worker', async () => {
    const flaky = task('flaky', {
      run: ({ attempt }) => {
        if (attempt === 1) throw new Error('once')
        return 'well'
      },
    })
    const { work } = kit([flaky])
    const { id } = await work.add(flaky)
    const first = await work.runTask(id)
    expect(first).toMatchObject({ ran: true, task: { state: 'waiting', attempts: 1, errors: [{ message: 'once' }] } })
    expect(await work.runTask(id)).toMatchObject({
      ran: true,
      task: { state: 'completed', result: 'well', attempts: 2 },
    })
  })

  test('Y9 runs in a thread what is done in threads, and what the instance does itself', async () => {
    const echoing = task('echoing', { file: new URL('../../threads/handlers/echo.ts', import.meta.url), threads: 1 })
    const sweep = cleanup({ olderThan: 0 })
    const work = piecework({ storage: memory(), definitions: [echoing, sweep], logger: quiet })
    const [one, two] = await work.add([echoing.with('x'), sweep.with()])
    expect(await work.runTask(one!.id)).toMatchObject({ ran: true, task: { state: 'completed' } })
    expect(await work.runTask(two!.id)).toMatchObject({ ran: true, task: { result: { completed: 1 } } })
    await work.close()
  })

  test('refuses what there is not, a part, a job, and a definition that it does not have', async () => {
    const storage = memory()
    const { work } = kit([echo, pages], { storage })
    await work.run(pages, [1], { id: 'book' })
    const { id } = await work.add(echo, 1)
    expect(await rejection(work.runTask('none'))).toMatchObject({ code: 'not_found' })
    expect(await rejection(work.runTask('book'))).toMatchObject({ code: 'not_found' })
    expect(await rejection(work.runTask('book/0'))).toBeInstanceOf(TypeError)
    expect(await rejection(work.runTask(7 as never))).toBeInstanceOf(TypeError)
    const { work: other } = kit([], { storage })
    expect(await rejection(other.runTask(id))).toMatchObject({ code: 'not_defined' })
    expect(await work.get(id)).toMatchObject({ state: 'waiting', attempts: 0 })
    await work.close()
    expect(await rejection(work.runTask(id))).toMatchObject({ code: 'stopped' })
  })

  test('Y9 B37 never beside a worker: three processes are told to run what two others claim, and each task runs once', async () => {
    const storage = distant(memory())
    const runs = new Map<string, number>()
    const count = task('count', {
      run: async ({ id }) => {
        runs.set(id, (runs.get(id) ?? 0) + 1)
        await new Promise((resolve) => setImmediate(resolve))
      },
    })
    const works = Array.from({ length: 5 }, () => piecework({ storage, definitions: [count], logger: quiet, poll: 2 }))
    await Promise.all(works.slice(0, 2).map((work) => work.start()))
    let backdoor = 0
    for (let round = 0; round < rounds; round++) {
      const { id } = await works[0]!.add(count, undefined, { hold: true })
      // A worker claims at once what it has released itself, and what others have at its next poll.
      const released = works[round % 2 === 0 ? 0 : 2]!.release(id)
      await turns(round % 14)
      const answers = await Promise.all(works.slice(2).map((work) => work.runTask(id)))
      await released
      backdoor += answers.filter(({ ran }) => ran).length
      await expect.poll(async () => (await works[0]!.get(id))?.state, { interval: 1 }).toBe('completed')
      expect([runs.get(id), (await works[0]!.get(id))?.attempts]).toEqual([1, 1])
    }
    console.log(`${backdoor} of ${rounds} run by their ids, the others by workers`)
    expect(backdoor).toBeGreaterThan(0)
    expect(backdoor).toBeLessThan(rounds)
    for (const work of works) await work.stop()
  })

  test('one that runs is left to whoever runs it', async () => {
    const gate = later()
    const slow = task('slow', { run: () => gate.promise })
    const victim = proc([slow])
    const { work } = victim
    const { id } = await work.add(slow)
    void work.runTask(id).catch(() => {})
    await expect.poll(async () => (await work.get(id))?.state).toBe('running')
    expect(await work.runTask(id)).toMatchObject({ ran: false, task: { state: 'running' } })
    gate.resolve()
    await expect.poll(async () => (await work.get(id))?.state).toBe('completed')
  })

  test('CR-04 a process that vanishes in it costs one attempt, and whoever is told to run it then does', async () => {
    const storage = memory()
    let hang = true
    const slow = task('slow', { run: () => (hang ? new Promise(() => {}) : 'done') })
    const { work: watcher, clock } = kit([slow], { storage })
    const victim = proc([slow], { storage, clock, lease: '10s' })
    const { id } = await watcher.add(slow)
    void victim.work.runTask(id).catch(() => {})
    await clock.tick('1s')
    expect((await watcher.get(id))?.state).toBe('running')
    victim.kill()
    hang = false
    expect((await watcher.runTask(id)).ran).toBe(false)
    await clock.tick('15s')
    expect(await watcher.runTask(id)).toMatchObject({
      ran: true,
      task: { state: 'completed', attempts: 2, errors: [{ name: 'CrashedError' }] },
    })
  })

  test('DB-03 where the answer to its reservation is lost, it runs once and one attempt counts', async () => {
    seen.length = 0
    const { storage, clock } = kit([])
    const { work } = kit([echo], {
      storage: faulty(storage, (verb, call) => (verb === 'apply' && call === 1 ? 'after' : 'pass')),
      clock,
    })
    const { id } = await work.add(echo, 'x')
    const running = work.runTask(id)
    await clock.tick('1s')
    expect(await running).toMatchObject({ ran: true, task: { state: 'completed', attempts: 1 } })
    expect(seen).toEqual(['x'])
  })

  describe('SD-02 P-STOP a stop while its reservation is on its way', () => {
    function reserving(when: string) {
      seen.length = 0
      const gate = later()
      const inner = memory()
      const writes: unknown[] = []
      let fails = 1
      const apply: Storage['apply'] = async (changes) => {
        const isIt = changes.some(({ next }) => next?.state === 'running')
        if (isIt && when !== 'made') await gate.promise
        if (isIt && when === 'fails' && fails-- > 0) throw new Error('the line was cut')
        writes.push(changes)
        const answer = await inner.apply(changes)
        if (isIt && when === 'made') await gate.promise
        return answer
      }
      return { gate, writes, ...kit([echo], { storage: Object.assign(Object.create(inner) as Storage, { apply }) }) }
    }

    test.each(['made', 'late'])('releases it, however it comes (%s)', async (when) => {
      const { gate, work, clock } = reserving(when)
      const { id } = await work.add(echo, 'x', { delay: '1h' })
      const running = rejection(work.runTask(id))
      await clock.settle()
      const stopped = work.stop()
      await clock.settle()
      gate.resolve()
      await clock.tick('1s')
      expect(await stopped).toEqual({ givenBack: [id], abandoned: [] })
      expect(await running).toMatchObject({ code: 'stopped' })
      expect(seen).toEqual([])
      expect(await work.get(id)).toMatchObject({ state: 'waiting', attempts: 0 })
    })

    test.each(['made', 'late'])('that is out of patience runs nothing when it comes (%s)', async (when) => {
      const { gate, work, clock } = reserving(when)
      const { id } = await work.add(echo, 'x', { delay: '1s' })
      const running = rejection(work.runTask(id))
      await clock.settle()
      const stopped = work.stop({ timeout: 0 })
      await clock.tick('1s')
      expect(await stopped).toEqual({ givenBack: [], abandoned: [] })
      gate.resolve()
      expect(await running).toMatchObject({ code: 'stopped' })
      expect(seen).toEqual([])
      await work.start()
      await clock.tick('5s')
      expect(await work.get(id)).toMatchObject({ state: 'completed', attempts: 1 })
      await work.stop()
    })

    test('that is out of patience leaves it at that where it fails', async () => {
      const { gate, work, clock, writes } = reserving('fails')
      const { id } = await work.add(echo, 'x', { delay: '1h' })
      const running = rejection(work.runTask(id))
      await clock.settle()
      const stopped = work.stop({ timeout: 0 })
      await clock.tick('1s')
      await stopped
      gate.resolve()
      await clock.tick('1m')
      expect(await running).toMatchObject({ code: 'stopped' })
      expect(writes).toEqual([])
    })
  })

  test('a cancel ends it, and a stop waits for it', async () => {
    const gate = later()
    const slow = task('slow', {
      run: ({ signal }) =>
        Promise.race([
          gate.promise,
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        ]),
    })
    const { work } = proc([slow])
    const [one, two] = await work.add([slow.with(), slow.with()])
    const cancelled = work.runTask(one!.id)
    await expect.poll(async () => (await work.get(one!.id))?.state).toBe('running')
    expect(await work.cancel(one!.id)).toBe(true)
    expect(await cancelled).toMatchObject({ ran: true, task: { state: 'cancelled' } })
    const finished = work.runTask(two!.id)
    await expect.poll(async () => (await work.get(two!.id))?.state).toBe('running')
    const stopped = work.stop()
    expect(await rejection(work.runTask(two!.id))).toMatchObject({ code: 'stopped' })
    gate.resolve()
    expect(await finished).toMatchObject({ ran: true, task: { state: 'completed' } })
    expect(await stopped).toEqual({ givenBack: [], abandoned: [] })
  })
})

describe('remove', () => {
  test('Y13 takes a task away with its items and its key, in any state but running; it never runs again', async () => {
    const storage = memory()
    const items = task('items', {
      run: async ({ emit }) => {
        for (let at = 0; at < 5; at++) await emit({ at })
      },
    })
    const { work } = kit([echo, items], { storage })
    const kept = await work.add(items)
    await work.drain()
    expect((await work.get(kept.id))?.itemCount).toBe(5)
    expect(await work.remove(kept.id)).toBe(true)
    expect(await storage.find({ parent: kept.id }, 10)).toMatchObject({ rows: [] })
    for (const options of [{}, { hold: true }, { delay: '1h' }] as const) {
      const { id } = await work.add(echo, 1, { key: 'k', ...options })
      expect(await work.remove(id)).toBe(true)
      expect(await work.get(id)).toBe(undefined)
      for (const call of [work.remove(id), work.retry(id), work.cancel(id), work.runTask(id)]) {
        expect(await rejection(call)).toMatchObject({ code: 'not_found' })
      }
    }
    expect(await work.add(echo, 1, { key: 'k' })).toMatchObject({ status: 'added' })
  })

  test('leaves one that runs, a part and a job', async () => {
    const gate = later()
    const slow = task('slow', { run: () => gate.promise })
    const { work } = proc([slow, pages])
    await work.run(pages, [1], { id: 'book' })
    const { id } = await work.add(slow)
    const running = work.runTask(id)
    await expect.poll(async () => (await work.get(id))?.state).toBe('running')
    expect(await work.remove(id)).toBe(false)
    expect(await rejection(work.remove('book'))).toMatchObject({ code: 'not_found' })
    expect(await rejection(work.remove('book/0'))).toBeInstanceOf(TypeError)
    gate.resolve()
    expect(await running).toMatchObject({ ran: true, task: { state: 'completed' } })
  })

  test('Y13 beside workers that claim: what was removed did not run, and what ran was not removed before', async () => {
    const storage = distant(memory())
    const ran = new Set<string>()
    const note = task('note', {
      run: async ({ id }) => {
        ran.add(id)
        await new Promise((resolve) => setTimeout(resolve, 1))
      },
    })
    const worker = piecework({ storage, definitions: [note], logger: quiet, concurrency: 2, poll: 2 })
    const operator = piecework({ storage, definitions: [note], logger: quiet })
    // What was removed while it ran would be told so.
    const lost: string[] = []
    worker.on('lost', ({ id }) => lost.push(id))
    await worker.start()
    let early = 0
    for (let round = 0; round < rounds; round++) {
      const { id } = await worker.add(note, undefined, { hold: true })
      const released = (round % 2 === 0 ? worker : operator).release(id).catch(() => {})
      await turns(round % 14)
      const isRemoved = await operator.remove(id)
      await released
      if (isRemoved && !ran.has(id)) early++
      if (isRemoved) expect(await operator.get(id)).toBe(undefined)
      else await expect.poll(async () => (await operator.get(id))?.state, { interval: 1 }).toBe('completed')
    }
    await worker.stop()
    console.log(`${early} of ${rounds} removed before they ran, ${ran.size} ran`)
    expect([early + ran.size, lost]).toEqual([rounds, []])
    expect(early).toBeGreaterThan(0)
    expect(ran.size).toBeGreaterThan(0)
  })
})

test('Y11 upcoming is what is due first; of two, what was tried less, then what is older', async () => {
  const later = task('later', { run: () => Promise.reject(new Error('again')) })
  const { work, clock } = kit([echo, later])
  expect(await work.upcoming('echo')).toBe(undefined)
  const at = new Date(clock.now() + 3_600_000)
  const [, old] = await work.add([echo.with(1, { delay: '2h' }), echo.with(2, { at }), echo.with(3, { at })])
  expect(await work.upcoming('echo')).toBe(old?.id)
  const soon = await work.add(echo, 4, { delay: '1m' })
  expect(await work.upcoming('echo')).toBe(soon.id)
  await work.cancel(soon.id)
  expect(await work.upcoming('echo')).toBe(old?.id)
  expect(await work.upcoming('nobody')).toBe(undefined)
  expect(await rejection(work.upcoming('~x'))).toBeInstanceOf(TypeError)
})

test('definition gives what the instance was given by this name, of tasks alone', () => {
  const { work } = kit([echo, pages])
  expect(work.definition('echo')).toBe(echo)
  for (const name of ['pages', 'nobody', '__proto__', 'constructor']) expect(work.definition(name)).toBe(undefined)
})

test('jobs go on from an id', async () => {
  const { work } = kit([pages])
  for (const id of ['a', 'b', 'c']) await work.run(pages, [], { id })
  const ids = async (after: string) => {
    const found: string[] = []
    for await (const { id } of work.jobs({ after })) found.push(id)
    return found
  }
  expect([await ids('a'), await ids('aa'), await ids('c')]).toEqual([['b', 'c'], ['b', 'c'], []])
  expect(await rejection(ids('\n'))).toBeInstanceOf(TypeError)
})
