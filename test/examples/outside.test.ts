/** Consumers outside, over Redis: one is killed in the middle of a part, its message comes again, and there is one reduce. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { afterAll, expect, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { type Announcement, piecework } from '../../src/index.ts'
import { until } from '../outage/until.ts'
import { withServer } from '../servers/with-server.ts'
import { root, run } from './run.ts'

const files = 40
/** A pipe: whoever reads it waits until somebody writes, so a consumer can be killed in the very middle of its part. */
const stuck = 17

await withServer('redis', async ({ url }) => {
  const cwd = mkdtempSync(join(tmpdir(), 'piecework-outside-'))
  const env = { REDIS_URL: url, STREAM: `outside-${process.pid}`, DATABASE: join(cwd, 'work.db') }
  const redis = await createClient({ url }).connect()
  afterAll(async () => {
    await redis.unlink([env.STREAM])
    redis.destroy()
    rmSync(cwd, { recursive: true, force: true })
  })

  const script = (name: string, ...args: string[]) => run(join(root, 'examples/outside', name), args, { cwd, env })
  const fileOf = (index: number) => join(cwd, 'files', `${String(index).padStart(3, '0')}.txt`)

  async function messages(): Promise<Announcement[]> {
    const entries = await redis.xRange(env.STREAM, '-', '+')
    return (entries ?? []).map(({ message }) => JSON.parse(message.message ?? '') as Announcement)
  }

  test('W11 W12 W18 W21 a consumer killed in the middle of its part: the message comes again, each part ends once, and there is one reduce', {
    timeout: 120_000,
  }, async () => {
    mkdirSync(join(cwd, 'files'))
    for (let index = 0; index < files; index++) {
      if (index === stuck) execFileSync('mkfifo', [fileOf(index)])
      else writeFileSync(fileOf(index), 'a line\n'.repeat(index))
    }
    const consumers = [script('consumer.ts', 'a'), script('consumer.ts', 'b')]
    const output = () => consumers.map((one) => one.output()).join('\n')
    const said = (line: string) =>
      output()
        .split('\n')
        .filter((one) => one === line).length
    const publisher = script('publisher.ts', join(cwd, 'files'))
    await publisher.printed(`${files} parts are published`)
    const [id = ''] = publisher.output().split(':')

    // One of them is at the pipe, for longer than its lease of 2 s; the other does the rest, and each second is told that
    // this part is busy.
    await until(40_000, 'the others are done, and the part is busy', () => {
      return said(`busy ${stuck}`) >= 4 && output().match(/^completed \d+$/gm)?.length === files - 1
    })
    const killed = consumers.find((one) => one.output().includes(`begin ${stuck}\n`))
    killed?.child.kill('SIGKILL')
    expect(await killed?.ended).toBe('SIGKILL')
    expect((await messages()).filter(({ subject }) => subject === 'reduce')).toEqual([])

    writeFileSync(join(cwd, 'mended'), 'a line\n'.repeat(stuck))
    renameSync(join(cwd, 'mended'), fileOf(stuck))
    consumers.push(script('consumer.ts', killed === consumers[0] ? 'a' : 'b'))
    const total = (files * (files - 1)) / 2
    await until(40_000, 'the reduce is done', () => said(`total ${total}`) > 0)
    expect(await publisher.ended, publisher.output()).toBe(0)
    expect(publisher.output()).toContain(`${id}: completed`)
    expect(await redis.get(`${id}:lines`)).toBe(String(total))
    await redis.unlink([`${id}:lines`])

    // Everything is delivered once more: no body runs, and nobody announces the reduce again.
    const all = await messages()
    expect(all.filter(({ subject }) => subject === 'map')).toHaveLength(files)
    for (const message of all.filter(({ subject }) => subject === 'map')) {
      await redis.xAdd(env.STREAM, '*', { message: JSON.stringify(message) })
    }
    await until(40_000, 'all are answered', () => {
      return output().match(/^already_completed \d+$/gm)?.length === files
    })
    for (let index = 0; index < files; index++) expect(said(`completed ${index}`), `part ${index}`).toBe(1)
    expect((await messages()).filter(({ subject }) => subject === 'reduce')).toHaveLength(1)

    await using work = piecework({ storage: sqlite(env.DATABASE), definitions: [] })
    expect(await work.job(id)).toMatchObject({ state: 'completed', total: files, remaining: 0, attempts: 1 })
    expect((await work.get(`${id}/${stuck}`))?.attempts).toBe(2)

    for (const one of consumers.filter((one) => one !== killed)) {
      one.child.kill('SIGTERM')
      expect(await one.ended, one.output()).toBe(0)
    }
  })
})
