/**
 * Runs a job whose parts are files of a folder: `node examples/outside/publisher.ts <folder>`. It publishes a message for
 * each and waits for the end. It does no part itself; but it works, so that a consumer that died between the last part and
 * the message for the reduce leaves nothing undone.
 */
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { piecework } from 'piecework'
import { connect } from './job.ts'

const folder = resolve(process.argv[2] ?? 'docs')
const { queue, lineCount, storage } = await connect()
const work = piecework({ storage, definitions: [lineCount] })
await work.start()

const entries = await readdir(folder, { withFileTypes: true })
const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => ({ path: join(folder, name) }))
// Started again after a crash, it is the same job: what was not published yet is, and perhaps some of it twice.
const id = `lines-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`
const run = await work.run(
  lineCount,
  files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  { id },
)
console.log(`${run.id}: ${files.length} parts are published`)

const { state } = await run.done()
console.log(`${run.id}: ${state}`)
await work.close()
await queue.close()
