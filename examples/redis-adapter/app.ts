/**
 * An app on the adapter: node app.ts URL PREFIX TASKS. Each task fails at its first attempt. Kill it in the middle and
 * start it again with the same words: it goes on where it was.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fixed, piecework, task } from 'piecework'
import { redis } from './redis.ts'

const [url = 'redis://127.0.0.1:6379', prefix = 'hello', tasks = '100'] = process.argv.slice(2)

const hello = task('hello', {
  retry: fixed({ maxAttempts: 10, delay: '50ms' }),
  run: async ({ input, attempt }: { input: { name: string }; attempt: number }) => {
    if (attempt === 1) throw new Error('nobody listens yet')
    return `Hello, ${input.name}!`
  },
})

const storage = await redis(url, { prefix })
await using work = piecework({ storage, definitions: [hello], lease: '1s' })
work.on('completed', ({ id }) => console.log(`completed ${id}`))

// An id of one's own makes the second run add nothing.
const names = Array.from({ length: Number(tasks) }, (_, at) => `reader-${at}`)
const added = await work.add(names.map((name) => hello.with({ name }, { id: name })))
console.log(`${added.filter(({ status }) => status === 'added').length} of ${names.length} were new`)

await work.start()
while (((await work.status()).tasks.hello?.completed ?? 0) < names.length) await sleep(50)
console.log('all are done')
