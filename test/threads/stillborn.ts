/** A process none of whose threads comes to life: tells how its one attempt ended, and ends. */
import { memory } from '../../adapters/memory/index.ts'
import { never, piecework, task } from '../../src/index.ts'

const echo = task('echo', { file: new URL('./handlers/echo.ts', import.meta.url), retry: never() })
const work = piecework({ storage: memory(), definitions: [echo], logger: { info() {}, warn() {}, error() {} } })
const { id } = await work.add(echo, {})
await work.drain()
console.log(JSON.stringify((await work.get(id))?.errors[0]?.message))
await work.close()
