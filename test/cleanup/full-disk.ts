/** Run where no file may grow over a few kilobytes: purges until that is over, then in smaller files what is left. */
import { memory } from '../../adapters/memory/index.ts'
import { ndjsonSink } from '../../src/cleanup/index.ts'
import { piecework, task } from '../../src/index.ts'

const [folder = '.'] = process.argv.slice(2)
const echo = task('echo', { run: ({ input }) => input })
const work = piecework({ storage: memory({ batchMax: 10 }), definitions: [echo] })
await work.add(Array.from({ length: 60 }, (_, n) => echo.with('x'.repeat(100), { id: `t${n}` })))
await work.drain()
const error = await work.purge({ sink: ndjsonSink({ folder }) }).then(
  () => 'none',
  (failure: unknown) => String(failure),
)
const left = (await work.status()).tasks.echo?.completed ?? 0
// Small files, which is as good as more space.
const counts = await work.purge({ sink: ndjsonSink({ folder, maxBytes: 2_000, maxFiles: 100 }) })
console.log(JSON.stringify({ error, left, counts }))
