/** A dispatch: one execution for each distinct value, what is left on the next call, and a report. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { fixed, never, piecework, type TaskContext, task } from '../../src/index.ts'
import { kit } from '../runner/face/kit.ts'

const quiet = { info() {}, warn() {}, error() {} }

interface Input {
  readonly item: unknown
}

describe('a dispatch', () => {
  test('runs its consumer once for each distinct value, with the arguments beside it, and reports', async () => {
    const seen: unknown[] = []
    const store = task('store', { run: ({ input }: TaskContext<Input & { source: string }>) => void seen.push(input) })
    const work = piecework({ storage: memory(), definitions: [store], logger: quiet })
    const items = [
      { id: 7 },
      { id: 'b' },
      { id: 7, more: 1 },
      { name: 'none' },
      { id: null },
      5,
      { id: { y: 1, x: [2] } },
      { id: { x: [2], y: 1 } },
    ]
    const run = await work.dispatch({ items, attribute: 'id', to: store, args: { source: 'shop' } })
    expect(run.id).toBe('dispatch.store')
    await work.drain()
    const info = await run.done()
    expect(seen).toHaveLength(3)
    expect(seen).toEqual(expect.arrayContaining([7, 'b', { y: 1, x: [2] }].map((item) => ({ source: 'shop', item }))))
    expect(info).toMatchObject({ state: 'completed', total: 3, remaining: 0, percent: 100, name: 'store' })
    expect(info.result).toEqual({
      items: 8,
      run: 3,
      completed: 3,
      cancelled: 0,
      skipped: 0,
      exhausted: 0,
      repeated: 2,
      refused: 3,
      refusals: [
        { at: 3, reason: 'it has no `id`' },
        { at: 4, reason: 'its `id` is null' },
        { at: 5, reason: 'it is no object' },
      ],
    })
    expect((await work.status()).tasks).toEqual({ store: { completed: 3 } })
  })

  test('runs what is left the next time, and everything again with begin', async () => {
    const seen: unknown[] = []
    const flaky = task('flaky', {
      retry: fixed({ maxAttempts: 3, delay: 0 }),
      run: ({ input }: TaskContext<Input>) => {
        seen.push(input.item)
        if (input.item === 'bad') throw new Error('no such shop')
      },
    })
    const work = piecework({ storage: memory(), definitions: [flaky], logger: quiet })
    const of = (...ids: string[]) => ids.map((id) => ({ id }))
    const first = await work.dispatch({ items: of('a', 'bad'), attribute: 'id', to: flaky })
    await work.drain()
    expect((await first.done()).result).toMatchObject({ run: 2, completed: 1, exhausted: 1, skipped: 0 })
    expect(seen.toSorted()).toEqual(['a', 'bad', 'bad', 'bad'])

    seen.length = 0
    const second = await work.dispatch({ items: of('a', 'bad', 'c'), attribute: 'id', to: flaky })
    await work.drain()
    expect((await second.done()).result).toMatchObject({ run: 1, completed: 1, exhausted: 1, skipped: 1 })
    expect(seen).toEqual(['c'])

    seen.length = 0
    const third = await work.dispatch({ items: of('a', 'bad'), attribute: 'id', to: flaky, begin: true })
    await work.drain()
    expect((await third.done()).result).toMatchObject({ run: 2, completed: 1, exhausted: 1, skipped: 0 })
    expect(seen.toSorted()).toEqual(['a', 'bad', 'bad', 'bad'])
  })

  test('counts its items alike, however many of them are read at once', async () => {
    const shop = task('shop', {
      retry: never(),
      run: ({ input }: TaskContext<Input>) => {
        if (input.item === 'bad') throw new Error('no such shop')
      },
    })
    const work = piecework({ storage: memory(), definitions: [shop], logger: quiet })
    const items = Array.from({ length: 600 }, (_, index) => ({ id: index % 2 ? 'a' : 'bad' }))
    const reports: unknown[] = []
    for (const _ of ['first', 'second']) {
      const run = await work.dispatch({ items, attribute: 'id', to: shop })
      await work.drain()
      reports.push((await run.done()).result)
    }
    expect(reports).toMatchObject([
      { items: 600, run: 2, completed: 1, exhausted: 1, skipped: 0, repeated: 598 },
      { items: 600, run: 0, completed: 0, exhausted: 300, skipped: 300, repeated: 0 },
    ])
  })

  test('of no items is over at once', async () => {
    const idle = task('idle', { run: () => {} })
    const work = piecework({ storage: memory(), definitions: [idle], logger: quiet })
    const run = await work.dispatch({ items: [], attribute: 'id', to: idle })
    expect(await run.done()).toMatchObject({ state: 'completed', result: { items: 0, run: 0, completed: 0 } })
  })

  test('takes the items of a task or of a job, and refuses one that is not completed', async () => {
    const seen: unknown[] = []
    const source = task('source', {
      retry: never(),
      run: async ({ input, emit }: TaskContext<boolean>) => {
        for (let id = 0; id < 500; id++) await emit({ id })
        if (!input) throw new Error('half-way')
      },
    })
    const consumer = task('consumer', { run: ({ input }: TaskContext<Input>) => void seen.push(input.item) })
    const work = piecework({ storage: memory(), definitions: [source, consumer], logger: quiet })
    const good = await work.add(source, true)
    const bad = await work.add(source, false)
    await work.drain()
    const refused = work.dispatch({ items: bad.id, attribute: 'id', to: consumer })
    await expect(refused).rejects.toMatchObject({ code: 'not_completed' })
    await expect(work.dispatch({ items: 'nobody', attribute: 'id', to: consumer })).rejects.toMatchObject({
      code: 'not_found',
    })
    const run = await work.dispatch({ items: good.id, attribute: 'id', to: consumer })
    await work.drain()
    expect((await run.done()).result).toMatchObject({ items: 500, run: 500, completed: 500 })
    expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 500 }, (_, id) => id))
  })

  test('never runs more at once than its workers, while items come slowly and when they are all there', async () => {
    let now = 0
    let most = 0
    const slow = task('slow', {
      run: async () => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setTimeout(resolve, 2))
        now--
      },
    })
    async function* trickle() {
      for (let id = 0; id < 60; id++) {
        if (id % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
        yield { id }
      }
    }
    const work = piecework({ storage: memory(), definitions: [slow], concurrency: 20, logger: quiet })
    await work.start()
    const run = await work.dispatch({ items: trickle(), attribute: 'id', to: slow, workers: 3 })
    expect((await run.done()).result).toMatchObject({ run: 60, completed: 60 })
    expect(most).toBe(3)
    await work.close()
  })

  test('that begins anew while executions of the one before run keeps to its workers, and loses no slot', async () => {
    const storage = memory()
    let open: (() => void)[] = []
    let now = 0
    let most = 0
    const gated = task('gated', {
      run: async () => {
        most = Math.max(most, ++now)
        await new Promise<void>((resolve) => open.push(resolve))
        now--
      },
    })
    const { work, clock } = kit([gated], { storage, concurrency: 20 })
    await work.start()
    const of = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ id: from + i }))
    await work.dispatch({ items: of(0, 10), attribute: 'id', to: gated, workers: 4 })
    await clock.tick('1s')
    expect(now).toBe(4)
    const second = await work.dispatch({ items: of(5, 30), attribute: 'id', to: gated, workers: 4 })
    await clock.tick('1s')
    expect(now).toBe(4)
    for (let turn = 0; turn < 200 && (await second.info()).state !== 'completed'; turn++) {
      for (const resolve of open.splice(0)) resolve()
      await clock.tick('2s')
      if (turn === 2) expect(now).toBe(4)
    }
    open = []
    expect(most).toBe(4)
    const { result } = await second.info()
    expect(result).toMatchObject({ items: 25, completed: result?.run })
    // Those of the first that had not begun and are not among the items of the second stay undone.
    expect((await work.status()).tasks.gated?.completed).toBeGreaterThanOrEqual(25)
    await work.stop()
  })

  test('that was superseded says so, and the other goes on', async () => {
    const consumer = task('consumer', { run: () => {} })
    const work = piecework({ storage: memory(), definitions: [consumer], logger: quiet })
    let other: Promise<unknown> | undefined
    async function* items() {
      yield { id: 1 }
      await new Promise((resolve) => setTimeout(resolve, 5))
      other = work.dispatch({ items: [{ id: 1 }, { id: 2 }], attribute: 'id', to: consumer })
      await other
      yield { id: 3 }
    }
    const first = work.dispatch({ items: items(), attribute: 'id', to: consumer })
    await expect(first).rejects.toMatchObject({ code: 'superseded' })
    await other
    await work.drain()
    expect(await work.job('dispatch.consumer')).toMatchObject({ state: 'completed', result: { run: 2, completed: 2 } })
  })

  test('that is cancelled ends what it has not begun, and the next one goes on', async () => {
    const seen: unknown[] = []
    const consumer = task('consumer', { run: ({ input }: TaskContext<Input>) => void seen.push(input.item) })
    const work = piecework({ storage: memory(), definitions: [consumer], logger: quiet })
    const items = Array.from({ length: 20 }, (_, id) => ({ id }))
    const run = await work.dispatch({ items, attribute: 'id', to: consumer, workers: 2 })
    await work.runNext()
    expect(await run.cancel()).toBe(true)
    await work.drain()
    expect(await run.done()).toMatchObject({ state: 'cancelled' })
    expect(seen).toHaveLength(1)
    const again = await work.dispatch({ items, attribute: 'id', to: consumer, workers: 2 })
    await work.drain()
    expect((await again.done()).result).toMatchObject({ items: 20, run: 19, skipped: 1, completed: 19 })
    expect(new Set(seen).size).toBe(20)
    expect(seen).toHaveLength(20)
  })

  test('refuses at the door what cannot be', async () => {
    const consumer = task('consumer', { run: (_: TaskContext<Input>) => {} })
    const work = piecework({ storage: memory(), definitions: [consumer], logger: quiet })
    const good = { items: [], attribute: 'id', to: consumer }
    const wrong = (change: object) => work.dispatch({ ...good, ...change } as typeof good)
    await expect(wrong({ items: 5 })).rejects.toThrow('Expected `items` to be the id of a task or job')
    const run = await work.dispatch(good)
    await expect(wrong({ items: run })).rejects.toThrow('got what `run` gave: pass its `id`')
    await expect(wrong({ attribute: '' })).rejects.toThrow('Expected `attribute`')
    await expect(wrong({ args: [] })).rejects.toThrow('Expected `args` to be an object')
    await expect(wrong({ args: { item: 1 } })).rejects.toThrow('Expected `args` to have no `item`')
    await expect(wrong({ args: { at: new Date() } })).rejects.toThrow('$.at')
    await expect(wrong({ workers: 0 })).rejects.toThrow('Expected `workers`')
    await expect(wrong({ begin: 'yes' })).rejects.toThrow('Expected `begin`')
    await expect(wrong({ to: task('other', { run: () => {} }) })).rejects.toThrow(
      'Expected `to` to be a task that was given',
    )
    await expect(wrong({ wrokers: 1 })).rejects.toThrow('wrokers')
    await work.add(consumer, { item: 1 }, { id: 'a-task' })
    await expect(wrong({ id: 'a-task' })).rejects.toThrow('Expected `id` to be free')
  })

  test('is left alone by a purge, and by a retry of its id', async () => {
    const ran: unknown[] = []
    const consumer = task('consumer', {
      retry: never(),
      run: ({ input }: TaskContext<Input>) => {
        ran.push(input.item)
        if (input.item === 'bad') throw new Error('no such shop')
      },
    })
    const work = piecework({ storage: memory(), definitions: [consumer], logger: quiet })
    const dispatch = () => work.dispatch({ items: [{ id: 'a' }, { id: 'bad' }], attribute: 'id', to: consumer })
    const { id } = await dispatch()
    await work.drain()
    expect(await work.purge()).toEqual({ completed: 0, failed: 0, cancelled: 0 })
    expect(await work.retry(id)).toBe(false)
    const again = await dispatch()
    await work.drain()
    expect((await again.done()).result).toMatchObject({ run: 0, skipped: 1, exhausted: 1 })
    expect(ran).toHaveLength(2)
  })
})
