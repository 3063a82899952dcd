// The program of the README's first screen, run from the packed tarball.
import { piecework, task } from 'piecework'
import { memory } from 'piecework/memory'

const hello = task('hello', { run: ({ input }) => `hi ${input.name}` })
const work = piecework({ storage: memory(), definitions: [hello] })
const { id } = await work.add(hello, { name: 'you' })
await work.drain()
console.log((await work.get(id))?.result)
await work.stop()
