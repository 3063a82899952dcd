/** How a watch follows a change stream, with a stream that does what the test wants. */
import type { ChangeStream } from 'mongodb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Call } from '../../adapters/mongo/call.ts'
import { watchRows } from '../../adapters/mongo/watch.ts'

class FakeStream {
  isClosed = false
  #settle: ((change: object | Error) => void) | undefined

  next(): Promise<object> {
    return new Promise((resolve, reject) => {
      this.#settle = (change) => (change instanceof Error ? reject(change) : resolve(change))
    })
  }

  gives(change: object | Error): void {
    this.#settle?.(change)
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.gives(new Error('the stream is closed'))
  }
}

let streams: FakeStream[]
beforeEach(() => {
  streams = []
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function callOn(hello: object): Call {
  return {
    read: async () => hello,
    changes: () => {
      streams.push(new FakeStream())
      return streams.at(-1) as unknown as ChangeStream
    },
  } as unknown as Call
}

test('each change wakes, until the watch is stopped', async () => {
  const wake = vi.fn()
  const stop = await watchRows(callOn({ setName: 'rs' }), wake)
  streams[0]?.gives({})
  await vi.advanceTimersByTimeAsync(0)
  streams[0]?.gives({})
  await vi.advanceTimersByTimeAsync(0)
  expect(wake).toHaveBeenCalledTimes(2)
  await stop()
  expect(streams[0]?.isClosed).toBe(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(streams).toHaveLength(1)
  expect(wake).toHaveBeenCalledTimes(2)
})

test('DB-07 a stream that fails is opened again, later each time, with one wake for what was missed', async () => {
  const wake = vi.fn()
  const stop = await watchRows(callOn({ setName: 'rs' }), wake)
  const opened: number[] = []
  for (let second = 0; second < 120; second++) {
    streams.at(-1)?.gives(new Error('no history'))
    await vi.advanceTimersByTimeAsync(1_000)
    opened.push(streams.length)
  }
  // 0.5, 1, 2, 4, 8, 16, 30, 30, ... seconds apart.
  expect(streams.length).toBeGreaterThan(7)
  expect(streams.length).toBeLessThan(12)
  expect(wake).toHaveBeenCalledTimes(streams.length - 1)
  expect(streams.slice(0, -1).every((stream) => stream.isClosed)).toBe(true)
  await stop()
})

test('a watch that is stopped while it waits to open its stream again opens none', async () => {
  const stop = await watchRows(callOn({ setName: 'rs' }), () => {})
  streams[0]?.gives(new Error('no history'))
  await vi.advanceTimersByTimeAsync(100)
  await stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(streams).toHaveLength(1)
})

test('a standalone server is not asked for changes', async () => {
  const stop = await watchRows(callOn({}), () => {})
  expect(streams).toHaveLength(0)
  await stop()
})
