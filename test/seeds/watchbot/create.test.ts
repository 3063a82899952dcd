/** Watchbot: creating a job. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { job, piecework } from '../../../src/index.ts'
import { onEachStorage, rejection, rowsIn } from '../../runner/face/kit.ts'
import { consumer } from './consumers.ts'

describe('creating a job', () => {
  onEachStorage('W1 it takes a list of JSON values as the parts and answers with the id', async (storage) => {
    const { work, run, maps } = consumer({ storage })
    const parts = [{ url: 'https://a.com' }, { url: 'https://b.com' }, 'text', 4, [1, null]]
    const { id, status } = await run(parts)
    expect([typeof id, status]).toEqual(['string', 'added'])
    expect(await work.job(id)).toMatchObject({ id, total: 5, remaining: 5 })
    expect(maps().map(({ part }) => part)).toEqual(parts)
  })

  test('W1 what JSON cannot keep is refused before anything is stored or announced', async () => {
    const { storage, run, messages } = consumer()
    for (const bad of [{ when: new Date(0) }, { size: Number.NaN }, { size: 1n }]) {
      await expect(run([{ url: 'https://a.com' }, bad])).rejects.toBeInstanceOf(TypeError)
      await expect(run([], { metadata: bad })).rejects.toBeInstanceOf(TypeError)
    }
    expect([await rowsIn(storage), messages]).toEqual([0, []])
  })

  test('W2 a message has the part beside the job and the number, so that no key of a part covers another', async () => {
    const { run, maps } = consumer()
    const part = { url: 'https://a.com', jobId: 'mine', partId: 'mine', subject: 'mine', metadata: 'mine' }
    const { id } = await run([part])
    expect(maps()).toEqual([{ subject: 'map', jobId: id, partId: 0, part, metadata: undefined }])
  })

  test('W3 B12 parts are numbered from 0, and part 0 is a part like any other', async () => {
    const { work, run, maps } = consumer()
    const { id } = await run(['a', 'b'])
    expect(maps().map(({ partId }) => partId)).toEqual([0, 1])
    expect(await work.part({ jobId: id, index: 0 }, ({ part, index }) => [part, index])).toEqual({
      status: 'completed',
      result: ['a', 0],
    })
    expect(await work.job(id)).toMatchObject({ remaining: 1 })
  })

  test('W4 nobody changes the values of another: not the caller, not a consumer, not who sends the messages', async () => {
    const parts = [{ url: 'https://a.com' }, { url: 'https://b.com' }]
    const metadata = { who: 'me' }
    const given = structuredClone({ parts, metadata })
    const { work, run, maps } = consumer({
      publish: (message) => {
        if (message.subject !== 'map') return
        expect([message.part, message.metadata]).toEqual([given.parts[message.partId], given.metadata])
        Object.assign(message.part as object, { url: 'changed' })
        Object.assign(message.metadata as object, { who: 'changed' })
      },
    })
    const { id } = await run(parts, { metadata })
    expect({ parts, metadata }).toEqual(given)
    Object.assign(parts[0] as object, { url: 'changed' })
    for (const { partId } of maps()) {
      const seen = await work.part({ jobId: id, index: partId }, (context) => {
        const copy = structuredClone([context.part, context.metadata])
        Object.assign(context.metadata as object, { who: 'changed' })
        return copy
      })
      expect(seen).toEqual({ status: 'completed', result: [given.parts[partId], given.metadata] })
    }
  })

  test('W5 an id that is given is kept, and without one each job gets its own', async () => {
    const { run } = consumer()
    expect((await run(['a'], { id: 'mine' })).id).toBe('mine')
    const ids = [(await run(['a'])).id, (await run(['a'])).id]
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{24}$/)
    expect(ids[0]).not.toBe(ids[1])
  })

  onEachStorage(
    'W6 job, metadata and part are stored before a part is announced, and the id comes last',
    async (storage) => {
      const seen: unknown[] = []
      let isBack = false
      const one = consumer({
        storage,
        publish: async (message) => {
          if (message.subject !== 'map') return
          const { metadata, remaining } = await one.work.job(message.jobId)
          const part = await one.work.get(`${message.jobId}/${message.partId}`)
          seen.push({ metadata, remaining, input: part?.input, isBack })
        },
      })
      await one.run(['a', 'b'], { metadata: { who: 'me' } })
      isBack = true
      const common = { metadata: { who: 'me' }, remaining: 2, isBack: false }
      expect(seen).toEqual([
        { ...common, input: 'a' },
        { ...common, input: 'b' },
      ])
    },
  )

  test('W7 a message is plain JSON: it comes through a transport as it was', async () => {
    const { run, messages } = consumer()
    await run([{ url: 'https://a.com', deep: [{ a: null }] }], { metadata: { who: 'me' } })
    expect(JSON.parse(JSON.stringify(messages))).toEqual(messages)
  })

  test('W8 25 messages are under way side by side, never more', async () => {
    let now = 0
    let most = 0
    const { run, maps } = consumer({
      publish: async () => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setImmediate(resolve))
        now--
      },
    })
    await run(Array.from({ length: 1_200 }, (_, index) => index))
    expect([most, maps().length]).toEqual([25, 1_200])
  })

  test('W9 what is no storage or no job of this process is a TypeError before anything is stored or announced', async () => {
    const { work, storage, messages } = consumer()
    for (const bad of [undefined, null, 'redis', {}, { get() {} }]) {
      expect(() => piecework({ storage: bad as never, definitions: [] })).toThrow(TypeError)
    }
    const stranger = job('stranger', { map: () => 1 })
    for (const bad of [stranger, { ...stranger, name: 'pages' }, undefined, 'pages']) {
      expect(await rejection(work.run(bad as never, ['a']))).toBeInstanceOf(TypeError)
    }
    expect([await rowsIn(storage), messages]).toEqual([0, []])
  })

  test.each([0, '', false, null, [], {}])('W10 metadata is kept whatever it is: %j', async (metadata) => {
    const { work, run, maps } = consumer()
    const { id } = await run(['a'], { metadata })
    expect((await work.job(id)).metadata).toEqual(metadata)
    expect(maps()[0]?.metadata).toEqual(metadata)
  })
})

describe('a job that cannot be announced', () => {
  test('B3 one failed message of many fails the call, the job waits, and the same call again sends what was not sent', async () => {
    let fails = true
    const { work, run, maps, reduces } = consumer({
      publish: (message) => {
        if (fails && message.subject === 'map' && message.partId === 57) throw new Error('no topic')
      },
    })
    const parts = Array.from({ length: 60 }, (_, index) => index)
    await expect(run(parts, { id: 'j' })).rejects.toThrow('no topic')
    expect(maps().some(({ partId }) => partId === 57)).toBe(false)
    // Nobody may take it for finished, whatever has been processed by now.
    for (const { partId } of maps()) await work.part({ jobId: 'j', index: partId }, () => 1)
    expect([(await work.job('j')).state, reduces()]).toEqual(['open', []])

    fails = false
    expect((await run(parts, { id: 'j' })).status).toBe('added')
    expect(new Set(maps().map(({ partId }) => partId)).size).toBe(60)
    expect(await work.job('j')).toMatchObject({ state: 'mapping', total: 60 })
  })

  onEachStorage('B7 a job of no parts is over at once, with its one reduce message', async (storage) => {
    const { work, run, reduces } = consumer({ storage })
    const { id } = await run([], { metadata: { who: 'me' } })
    expect(reduces()).toEqual([{ subject: 'reduce', jobId: id, metadata: { who: 'me' } }])
    expect(await work.job(id)).toMatchObject({ state: 'completed', total: 0, remaining: 0, fraction: 1, percent: 100 })
  })

  test('B12 a second call with the id of a job neither adds parts nor resets its progress', async () => {
    const { work, run, maps } = consumer()
    await run(['a', 'b'], { id: 'j' })
    await work.part({ jobId: 'j', index: 0 }, () => 1)
    expect((await run(['a', 'b', 'c'], { id: 'j' })).status).toBe('duplicate')
    expect(await work.job('j')).toMatchObject({ total: 2, remaining: 1 })
    expect(maps()).toHaveLength(2)
  })
})

test('B7 W11 a reduce comes for parts that consumers finished while others were still being announced', async () => {
  const storage = memory()
  const one = consumer({
    storage,
    publish: async (message) => {
      if (message.subject === 'map') await one.work.part(message, () => message.part)
    },
  })
  const { id } = await one.run(['a', 'b', 'c'])
  expect(one.reduces()).toEqual([{ subject: 'reduce', jobId: id, metadata: undefined }])
  expect(await one.work.job(id)).toMatchObject({ state: 'completed', total: 3 })
})
