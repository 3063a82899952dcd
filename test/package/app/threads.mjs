// A program whose handler is this very file, loaded again in a thread.
import { isMainThread } from 'node:worker_threads'
import { piecework, task } from 'piecework'
import { memory } from 'piecework/memory'

export default ({ input }) => `hi ${input}, ${isMainThread ? 'here' : 'elsewhere'}`

if (isMainThread) {
  const hello = task('hello', { file: new URL(import.meta.url), threads: 1 })
  const work = piecework({ storage: memory(), definitions: [hello] })
  await work.start()
  const done = new Promise((resolve) => work.once('completed', ({ result }) => resolve(result)))
  await work.add(hello, 'you')
  console.log(await done)
  await work.close()
}
