import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { dynamodb } from '../../adapters/dynamodb/index.ts'
import { fixed, piecework, task } from '../../src/index.ts'
import { withServer } from '../servers/with-server.ts'
import { allFaults, makeFaulty } from './fixtures/dynamodb-faults.ts'
import { clientOf, newTable } from './fixtures/dynamodb-tables.ts'

const silent = { info() {}, warn() {}, error() {} }

await withServer('dynamodb', (server) => {
  test.each([
    ['a sound table', false],
    ['one with faults', true],
  ])('an app with two workers on %s completes every task once and retries one that fails', async (_, isFaulty) => {
    const table = await newTable(clientOf(server.url))
    const completed: string[] = []
    const start = async () => {
      const client = clientOf(server.url)
      if (isFaulty) makeFaulty(client, allFaults)
      const definition = task('resize', {
        retry: fixed({ maxAttempts: 3, delay: 10 }),
        run: ({ input, attempt }: { input: unknown; attempt: number }) => {
          if (input === 'fails once' && attempt === 1) throw new Error('the first time')
          completed.push(String(input))
        },
      })
      const work = piecework({ storage: dynamodb(client, { table }), definitions: [definition], logger: silent })
      await work.start()
      return { work, definition }
    }
    const [one, other] = await Promise.all([start(), start()])
    const inputs = [...Array.from({ length: 40 }, (_, n) => `task ${n}`), 'fails once']
    const added = await Promise.all(inputs.map((input) => one.work.add(one.definition, input, { key: input })))
    expect((await other.work.add(other.definition, 'again', { key: 'task 0' })).status).toMatch(/added|duplicate/)

    const isDone = async () => {
      const tasks = await Promise.all(added.map(({ id }) => one.work.get(id)))
      return tasks.every((each) => each?.state === 'completed')
    }
    for (let polls = 0; polls < 300 && !(await isDone()); polls++) await delay(50)
    expect(await isDone()).toBe(true)
    expect(completed.filter((input) => input !== 'again').sort()).toEqual([...inputs].sort())
    await Promise.all([one.work.stop(), other.work.stop()])
  })
})
