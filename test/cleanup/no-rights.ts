/** Run as somebody who may not write there: cleans up all the same, and tells where what was done is. */
import { memory } from '../../adapters/memory/index.ts'
import { cleanup } from '../../src/cleanup/index.ts'
import { piecework, task } from '../../src/index.ts'

const [folder = '.'] = process.argv.slice(2)
const echo = task('echo', { run: ({ input }) => input })
const cleaning = cleanup({ folder, olderThan: 0 })
const lines: string[] = []
const logger = { info() {}, warn: (line: string) => void lines.push(line), error() {} }
const work = piecework({ storage: memory(), definitions: [echo, cleaning], logger })
// Nobody; only after all modules were read.
if (process.getuid?.() === 0) {
  process.setgid?.(65_534)
  process.setuid?.(65_534)
}
await work.add(echo, 1)
await work.drain()
const { id } = await work.add(cleaning)
await work.drain()
const found = await work.get(id)
console.log(JSON.stringify({ lines, result: found?.result, archived: await work.purge({ archived: true }) }))
