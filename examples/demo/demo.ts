/**
 * Durable tasks over a real folder: one for each file, hashed and counted, in a SQLite file.
 *
 * Run `npm run demo -- <folder>`, kill it with `kill -9` half-way, and run it again: it goes on where it was and repeats
 * no file that was finished. When all is done it prints a table and removes its database.
 */
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SingleBar } from 'cli-progress'
import { piecework } from 'piecework'
import { sqlite } from 'piecework/sqlite'
import { addFiles } from './add-files.ts'
import { countFile } from './count-file.ts'
import { Summary } from './summary.ts'

const folder = resolve(process.argv[2] ?? 'node_modules')
const database = resolve(process.env.DEMO_DATABASE ?? 'piecework-demo.db')
const shown = process.stdout.isTTY === true

// A short lease: after `kill -9` the interrupted files are begun again in two seconds.
const work = piecework({ storage: sqlite(database), definitions: [countFile], concurrency: 16, lease: '2s' })

console.log(`Folder   ${folder}\nDatabase ${database}\nProcess  ${process.pid}  (try: kill -9 ${process.pid})\n`)
const { total, before } = await addFiles(work, countFile, folder)
if (before > 0) console.log(`${before} of ${total} files were finished by an earlier run; going on.`)

const bar = new SingleBar({ format: '{bar} {percentage}% | {value}/{total} files | {rate}/s', hideCursor: true })
const startedAt = performance.now()
let done = before
let here = 0
if (shown) bar.start(total, before, { rate: 0 })
function step() {
  done++
  here++
  if (shown) bar.update(done, { rate: Math.round((here * 1000) / (performance.now() - startedAt)) })
}
const allDone = new Promise<void>((resolve) => {
  const check = () => done >= total && resolve()
  work.on('completed', () => {
    step()
    check()
  })
  work.on('failed', () => {
    step()
    check()
  })
  check()
})

await work.start()
await allDone
if (shown) bar.stop()
await work.stop()

const summary = new Summary()
await work.purge({ sink: (tasks) => summary.add(tasks) })
summary.print()
const seconds = (performance.now() - startedAt) / 1000
console.log(
  `\n${here} files in this run, ${before} in earlier ones, ${summary.interrupted} held by a run that was killed.`,
)
console.log(`${seconds.toFixed(1)} s, ${Math.round(here / seconds)} files a second.`)
await work.close()
for (const end of ['', '-wal', '-shm']) await rm(database + end, { force: true })
