/** A task that fails twice and succeeds at its third attempt, and one that must not be tried again. */
import { exponential, FatalError, formatError, piecework, task } from 'piecework'
import { memory } from 'piecework/memory'

const flaky = task('flaky', {
  retry: exponential({ maxAttempts: 5, delay: '20ms' }),
  run: async ({ attempt }) => {
    if (attempt < 3) throw new Error(`attempt ${attempt} found the server down`)
    return `attempt ${attempt} worked`
  },
})

const hopeless = task('hopeless', {
  retry: exponential({ maxAttempts: 5 }),
  run: async () => {
    throw new FatalError('there is no such account')
  },
})

await using work = piecework({ storage: memory(), definitions: [flaky, hopeless] })
work.on('retrying', ({ name, attempt, retryAt }) => {
  console.log(`${name}: attempt ${attempt} failed, again in ${Math.max(0, retryAt - Date.now())} ms`)
})
const completed = new Promise<void>((resolve) => work.once('completed', () => resolve()))
await work.start()
const first = await work.add(flaky)
const second = await work.add(hopeless)
await completed
for (const { id } of [first, second]) {
  const task = await work.get(id)
  console.log(`${task?.name}: ${task?.state} after ${task?.attempts} attempts`)
  for (const error of task?.errors ?? []) console.log(`  ${formatError(error)}`)
}
