/** Watchbot's README, written with our API: a topic, a queue behind it that brings again what failed, and consumers. */
import { expect } from 'vitest'
import { type Announcement, type JobDefinition, job, type PartReport, piecework } from '../../../src/index.ts'
import type { Storage } from '../../../src/storage/index.ts'
import { onEachStorage } from '../../runner/face/kit.ts'
import { all, quiet } from './consumers.ts'

interface Part {
  readonly url: string
}

type Message = Announcement<Part>

class NotAPage extends Error {}

/** A topic with a queue behind it: messages are text, come again until they are done with, and one comes twice anyway. */
function topic() {
  const queue: string[] = []
  const subjects: string[] = []
  return {
    subjects,
    publish: async (message: Message) => {
      subjects.push(message.subject)
      queue.push(JSON.stringify(message))
      if (subjects.length === 1) queue.push(JSON.stringify(message))
    },
    /** Brings messages until there are none. */
    async deliver(consume: (message: Message) => Promise<boolean>) {
      for (let deliveries = 0; queue.length > 0; deliveries++) {
        expect(deliveries).toBeLessThan(100)
        const text = queue.shift() as string
        const isDone = await consume(JSON.parse(text)).catch(() => false)
        if (!isDone) queue.push(text)
      }
    },
  }
}

/** 1. The list of parts. */
const parts: Part[] = [{ url: 'https://a.com' }, { url: 'https://b.com' }, { url: 'https://c.com' }]

function pagesJob(publish: (message: Message) => Promise<void>): JobDefinition<Part> {
  return job<Part>('pages', { failOn: [NotAPage], announce: publish })
}

/** 3. What a consumer does with a message. Each has its own process: here, its own instance. */
function consumerOf(storage: Storage, definition: JobDefinition<Part>, processUrl: (url: string) => Promise<string>) {
  const work = piecework({ storage, definitions: [definition], logger: quiet })
  const reports: PartReport<string>['status'][] = []
  const rolledUp: unknown[] = []
  const consume = async (message: Message): Promise<boolean> => {
    if (message.subject === 'reduce') {
      rolledUp.push({ metadata: message.metadata, results: await all(work.completedParts(message.jobId)) })
      return true
    }
    const { status } = await work.part({ ...message }, () => processUrl(message.part.url))
    reports.push(status)
    return status !== 'busy'
  }
  return { work, consume, reports, rolledUp }
}

onEachStorage('W1 W6 W7 W11 W12 W16 the README: parts, a topic, consumers, and one reduce', async (storage) => {
  const sns = topic()
  const pages = pagesJob(sns.publish)
  const tries: string[] = []
  const processUrl = async (url: string) => {
    tries.push(url)
    if (url === 'https://b.com' && tries.filter((each) => each === url).length < 3) throw new Error('no network')
    return `${url} is processed`
  }
  const consumers = [consumerOf(storage, pages, processUrl), consumerOf(storage, pages, processUrl)]

  // 2. The job is started by a process that does not process.
  const starter = piecework({ storage, definitions: [pages], logger: quiet })
  const { id } = await starter.run(pages, parts, { metadata: { who: 'me' } })
  expect(sns.subjects).toEqual(['map', 'map', 'map'])

  let turn = 0
  await sns.deliver((message) => consumers[turn++ % consumers.length]!.consume(message))
  expect(sns.subjects).toEqual(['map', 'map', 'map', 'reduce'])
  // Each part once and the failed one again; the message that came twice was told so.
  expect(tries.sort()).toEqual(['a', 'b', 'b', 'b', 'c'].map((page) => `https://${page}.com`))
  const statuses = consumers.flatMap(({ reports }) => reports).sort()
  expect(statuses).toEqual(['already_completed', 'completed', 'completed', 'completed'])
  const results = parts.map(({ url }, index) => ({ index, result: `${url} is processed` }))
  expect(consumers.flatMap(({ rolledUp }) => rolledUp)).toEqual([{ metadata: { who: 'me' }, results }])
  expect(await starter.job(id)).toMatchObject({ state: 'completed', total: 3, remaining: 0, percent: 100 })
})

onEachStorage(
  'W13 W14 the README: an error of failOn fails the job, and its other parts are skipped',
  async (storage) => {
    const sns = topic()
    const pages = pagesJob(sns.publish)
    const tries: string[] = []
    const { work, consume, reports, rolledUp } = consumerOf(storage, pages, async (url) => {
      tries.push(url)
      if (url === 'https://b.com') throw new NotAPage('an image')
      return url
    })
    const { id } = await work.run(pages, parts)
    await sns.deliver(consume)
    expect(tries).toEqual(['https://a.com', 'https://b.com'])
    expect(reports).toEqual(['completed', 'already_completed', 'skipped', 'skipped'])
    expect([sns.subjects, rolledUp]).toEqual([['map', 'map', 'map'], []])
    expect(await work.job(id)).toMatchObject({ failed: true, failure: { part: 1, error: { message: 'an image' } } })
  },
)
