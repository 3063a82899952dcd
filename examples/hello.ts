/** The smallest thing that works: one definition, one task, its result. Run: node examples/hello.ts */
import { piecework, task } from 'piecework'
import { memory } from 'piecework/memory'

const hello = task('hello', {
  run: async ({ input }: { input: { name: string } }) => `Hello, ${input.name}!`,
})

await using work = piecework({ storage: memory(), definitions: [hello] })
const { id } = await work.add(hello, { name: 'world' })
await work.drain()
const done = await work.get(id)
console.log(done?.state, done?.result)
