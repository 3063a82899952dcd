/** Parts that consumers outside process: announced, brought by messages, brought again. */
import { expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { type Announcement, job, piecework, type Storage } from '../../src/index.ts'

class Corrupt extends Error {}

const quiet = { info() {}, warn() {}, error() {} }

/** A consumer with no worker: all that happens, happens in its calls. */
function consumer(using: { announce?: () => unknown; storage?: Storage } = {}) {
  const messages: Announcement[] = []
  const pages = job('pages', {
    failOn: [Corrupt],
    announce: async (message: Announcement) => {
      await using.announce?.()
      messages.push(message)
    },
  })
  const work = piecework({ storage: using.storage ?? memory(), definitions: [pages], logger: quiet })
  return { work, pages, messages }
}

test('W6 W7 each part is announced once it is stored, with its own values, its number and the metadata', async () => {
  const { work, pages, messages } = consumer()
  const { id } = await work.run(pages, [{ page: 'a' }, { page: 'b' }], { id: 'j', metadata: { who: 'me' } })
  expect(messages).toEqual([
    { subject: 'map', jobId: id, partId: 0, part: { page: 'a' }, metadata: { who: 'me' } },
    { subject: 'map', jobId: id, partId: 1, part: { page: 'b' }, metadata: { who: 'me' } },
  ])
})

test('W11 W18 W21 the last part sets off one reduce message, and a part that is delivered again none', async () => {
  const { work, pages, messages } = consumer()
  const { id } = await work.run(pages, ['a', 'b'], { metadata: { who: 'me' } })
  expect(await work.part({ jobId: id, index: 0 }, async ({ part, index, jobId }) => ({ part, index, jobId }))).toEqual({
    status: 'completed',
    result: { part: 'a', index: 0, jobId: id },
  })
  expect(messages.filter(({ subject }) => subject === 'reduce')).toEqual([])
  await work.part({ jobId: id, index: 1 }, () => 2)
  expect(messages.filter(({ subject }) => subject === 'reduce')).toEqual([
    { subject: 'reduce', jobId: id, metadata: { who: 'me' } },
  ])
  for (const index of [0, 1]) {
    const again = await work.part({ jobId: id, index }, () => expect.unreachable())
    expect(again).toEqual({ status: 'already_completed' })
  }
  expect(messages.filter(({ subject }) => subject === 'reduce')).toHaveLength(1)
  expect(await work.job(id)).toMatchObject({ state: 'completed', total: 2, remaining: 0 })
})

test('W12 an error of the body comes back as it is, the job goes on, and the next delivery runs the part again', async () => {
  const { work, pages } = consumer()
  const { id } = await work.run(pages, ['a'])
  const error = new Error('no network')
  await expect(work.part({ jobId: id, index: 0 }, () => Promise.reject(error))).rejects.toBe(error)
  expect(await work.job(id)).toMatchObject({ state: 'mapping', failed: false, remaining: 1 })
  expect(await work.part({ jobId: id, index: 0 }, ({ attempt }) => attempt)).toEqual({ status: 'completed', result: 2 })
})

test('W13 W14 W15 an error of failOn fails the job with its part and message, and later parts are skipped without their bodies', async () => {
  const { work, pages, messages } = consumer()
  const { id } = await work.run(pages, ['a', 'b', 'c'])
  const error = new Corrupt('bad page')
  await expect(work.part({ jobId: id, index: 1 }, () => Promise.reject(error))).rejects.toBe(error)
  expect(await work.job(id)).toMatchObject({ failed: true, failure: { part: 1, error: { message: 'bad page' } } })
  for (const index of [0, 1, 2]) {
    expect(await work.part({ jobId: id, index }, () => expect.unreachable())).toEqual({ status: 'skipped' })
  }
  expect(messages.filter(({ subject }) => subject === 'reduce')).toEqual([])
})

test('B3 a message that cannot be sent fails the call, and the same call again goes on', async () => {
  let fails = true
  const { work, pages, messages } = consumer({ announce: () => fails && Promise.reject(new Error('no topic')) })
  await expect(work.run(pages, ['a'], { id: 'j' })).rejects.toThrow('no topic')
  fails = false
  expect(await work.run(pages, ['a'], { id: 'j' })).toMatchObject({ id: 'j', status: 'added' })
  expect(messages).toHaveLength(1)

  fails = true
  await expect(work.part({ jobId: 'j', index: 0 }, () => 1)).rejects.toThrow('no topic')
  fails = false
  expect(await work.part({ jobId: 'j', index: 0 }, () => 1)).toEqual({ status: 'already_completed' })
  expect(messages.at(-1)).toMatchObject({ subject: 'reduce' })
})

test('a storage that fails when the last part is stored fails the call, and the same call again brings the reduce', async () => {
  const storage = memory()
  const { work, pages, messages } = consumer({ storage })
  const { id } = await work.run(pages, ['a'])
  const { find } = storage
  storage.find = () => {
    throw new Error('it is away')
  }
  // Without its message the part would never be brought again, and no worker asks after the job.
  await expect(work.part({ jobId: id, index: 0 }, () => 1)).rejects.toThrow('it is away')
  storage.find = find
  expect(await work.part({ jobId: id, index: 0 }, () => 2)).toEqual({ status: 'already_completed' })
  expect(messages.at(-1)).toMatchObject({ subject: 'reduce' })
})

test('W38 B4 B10 a job or a part that there is not is an error, never "done"', async () => {
  const { work, pages } = consumer()
  const { id } = await work.run(pages, ['a'])
  await expect(work.part({ jobId: 'none', index: 0 }, () => 1)).rejects.toMatchObject({ code: 'not_found' })
  await expect(work.part({ jobId: id, index: 1 }, () => 1)).rejects.toMatchObject({ code: 'not_found' })
  await expect(work.job('none')).rejects.toMatchObject({ code: 'not_found' })
})

test('who is brought the reduce reads the results of the parts, in their order, and only of those that are completed', async () => {
  const { work, pages } = consumer()
  const { id } = await work.run(pages, ['a', 'b', 'c'])
  for (const index of [2, 0]) await work.part({ jobId: id, index }, ({ part }) => `${part}!`)
  const read = async () => {
    const parts = []
    for await (const part of work.completedParts(id)) parts.push(part)
    return parts
  }
  expect(await read()).toEqual([
    { index: 0, result: 'a!' },
    { index: 2, result: 'c!' },
  ])
  await work.part({ jobId: id, index: 1 }, () => 'b!')
  expect((await read()).map(({ result }) => result)).toEqual(['a!', 'b!', 'c!'])
  await expect(work.completedParts('none').next()).rejects.toMatchObject({ code: 'not_found' })
})

test.each([undefined, 1])(
  'a failed job goes on when it is retried, with no worker anywhere (workers: %s)',
  async (workers) => {
    const { work, pages, messages } = consumer()
    const { id } = await work.run(pages, ['a', 'b'], workers === undefined ? {} : { workers })
    const corrupt = () => Promise.reject(new Corrupt('bad page'))
    await expect(work.part({ jobId: id, index: 0 }, corrupt)).rejects.toThrow('bad page')
    expect(await work.retry(id)).toBe(true)
    for (const index of [0, 1]) {
      expect(await work.part({ jobId: id, index }, () => index)).toEqual({ status: 'completed', result: index })
    }
    expect(messages.filter(({ subject }) => subject === 'reduce')).toHaveLength(1)
  },
)

test('a job with workers that is fed slowly loses none of its slots, with no worker anywhere', async () => {
  const { work, pages, messages } = consumer()
  async function* slow() {
    for (let page = 0; page < 6; page++) {
      // Part 0 ends before there is another that could take its slot.
      if (page === 1) await work.part({ jobId: 'j', index: 0 }, () => 'done')
      yield { page }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  await work.run(pages, slow(), { id: 'j', workers: 1 })
  const statuses: string[] = []
  for (let index = 1; index < 6; index++) {
    const { status } = await work.part({ jobId: 'j', index }, () => 'done')
    statuses.push(status)
  }
  expect(statuses).toEqual(['completed', 'completed', 'completed', 'completed', 'completed'])
  expect(messages.filter(({ subject }) => subject === 'reduce')).toHaveLength(1)
})

test('a job that goes on announces the parts that are still to be done again, and once more if that could not be sent', async () => {
  let broken = false
  const announce = () => {
    if (broken) throw new Error('the topic is gone')
  }
  const { work, pages, messages } = consumer({ announce })
  await work.run(pages, ['a', 'b', 'c'], { id: 'j' })
  await work.part({ jobId: 'j', index: 0 }, () => 'done')
  await expect(
    work.part({ jobId: 'j', index: 1 }, () => {
      throw new Corrupt('broken page')
    }),
  ).rejects.toThrow('broken page')
  expect(await work.part({ jobId: 'j', index: 2 }, () => 'done')).toEqual({ status: 'skipped' })
  const told = () =>
    messages.splice(0).flatMap((message) => (message.subject === 'map' ? [String(message.partId)] : ['reduce']))
  expect(told()).toEqual(['0', '1', '2'])

  broken = true
  await expect(work.retry('j')).rejects.toThrow('the topic is gone')
  broken = false
  expect(await work.retry('j')).toBe(true)
  expect(told()).toEqual(['1', '2'])
  for (const index of [1, 2]) await work.part({ jobId: 'j', index }, () => 'done')
  expect(told()).toEqual(['reduce'])
  expect(await work.retry('j')).toBe(false)
})
