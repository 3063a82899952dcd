// A task that outlives its process: added here, run by the second start of this very program.
import { existsSync } from 'node:fs'
import { piecework, task } from 'piecework'
import { sqlite } from 'piecework/sqlite'

const file = process.argv[2]
const first = !existsSync(file)
const hello = task('hello', { run: ({ input }) => `hi ${input.name}` })
try {
  const work = piecework({ storage: sqlite(file), definitions: [hello] })
  if (first) await work.add(hello, { name: 'you' }, { id: 'greeting' })
  else await work.drain()
  const { state, result } = await work.get('greeting')
  console.log(state, result)
  await work.close()
} catch (error) {
  console.log(error.code, error.message)
}
