/**
 * A map-reduce job over a real folder: its parts are files, or stretches of big ones, in a SQLite file.
 *
 * Run `npm run demo:words -- <folder>`, kill it with `kill -9` half-way, and run it again: it goes on where it was, and
 * counts no part again that was counted. Then the words that its parts found are fanned out to a consumer. When all is done
 * it prints tables and removes its database.
 */
import { createHash } from 'node:crypto'
import { rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { piecework } from 'piecework'
import { sqlite } from 'piecework/sqlite'
import { wordCount } from './job.ts'
import { stretches } from './parts.ts'
import { type Score, scoreWord } from './score-word.ts'
import { printScores, printTable, showProgress } from './screen.ts'

const given = process.argv[2]
const folder = resolve(given ?? resolve(import.meta.dirname, '../../docs'))
const database = resolve(process.env.WORDS_DATABASE ?? 'piecework-words.db')

if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
  console.error(`There is no folder ${folder}.\nUsage: npm run demo:words -- <folder>`)
  process.exit(1)
}
if (given === undefined) console.log('No folder was given, so these are the words of the documentation.')

// A short lease: after `kill -9` the interrupted parts are begun again in two seconds.
const work = piecework({ storage: sqlite(database), definitions: [wordCount, scoreWord], concurrency: 16, lease: '2s' })
console.log(`Folder   ${folder}\nDatabase ${database}\nProcess  ${process.pid}  (try: kill -9 ${process.pid})\n`)

// The same folder is the same job: the call goes on where a killed one stopped, and adds nothing that is there.
const id = `words-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`
const run = await work.run(wordCount, stretches(folder), { id, metadata: { folder } })
const { total = 0, remaining } = await run.info()
const before = total - remaining
if (before > 0) console.log(`${before} of ${total} parts were counted by an earlier run; going on.`)

let here = 0
let scored = 0
work.on('completed', ({ id: done, name }) => {
  if (done.startsWith(`${id}/`)) here++
  if (name === scoreWord.name) scored++
})
await work.start()
await showProgress(run)
const { state, result, failure } = await run.done()

if (result) {
  printTable(result)
  console.log(`\n${here} parts in this run, ${before} in earlier ones, ${result.unread} could not be read.`)
  // Each part has emitted its longest word. Each different one is scored once, eight at a time over all processes.
  const scores = await work.dispatch({ items: id, attribute: 'word', to: scoreWord, workers: 8, id: `${id}-scores` })
  await showProgress(scores, 'words')
  const { result: report } = await scores.done()
  console.log(`\n${report?.items} longest words, and ${scored} different ones scored in this run. The best:`)
  await printScores(work.items(scores.id) as AsyncIterable<Score>)
} else {
  console.error(`The job ${state}: part ${failure?.part}, ${failure?.error.message}`)
  process.exitCode = 1
}
await work.close()
for (const end of ['', '-wal', '-shm']) await rm(database + end, { force: true })
