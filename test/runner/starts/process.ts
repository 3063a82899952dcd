/**
 * Starts and stops one instance again and again, on a file, with schedules that tick, threads, and a server beside it, and
 * says what still keeps its process from ending: node test/runner/starts/process.ts <rounds>
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import { serveHttp } from '../../../src/http/index.ts'
import { piecework, task } from '../../../src/index.ts'

export interface Report {
  /** After how many rounds, and what was open then besides what was before. */
  readonly open: readonly { readonly round: number; readonly kinds: readonly string[] }[]
  readonly completed: Readonly<Record<string, number>>
}

// Threads, which write there, make them; nothing else here is a pipe.
const pipes = ['PipeWrap', 'TTYWrap']
const rounds = Number(process.argv[2])
const folder = mkdtempSync(join(tmpdir(), 'piecework-starts-'))
const threaded = task<(context: never) => number>('threaded', {
  file: new URL('../../threads/handlers/echo.ts', import.meta.url),
  threads: 2,
})
const ticked = task('ticked', { run: () => {} })
const quiet = { info() {}, warn() {}, error() {} }
const work = piecework({ storage: sqlite(join(folder, 'work.db')), definitions: [threaded, ticked], logger: quiet })
const completed: Record<string, number> = {}
work.on('completed', ({ name }) => {
  completed[name] = (completed[name] ?? 0) + 1
})
await work.schedule(ticked, { every: '1s', missed: 'all' })
await work.schedule(ticked, { name: 'cron', cron: '* * * * * *', overlap: 'queue' })

const open: Report['open'][number][] = []
for (let round = 1; round <= rounds; round++) {
  await work.start({ schedule: true, work: round % 3 !== 0 || round % 100 === 0 })
  if (round % 100 === 0) await useAll()
  await work.stop()
  if (round % 100 === 0) open.push({ round, kinds: await openKinds() })
}
await work.close()
rmSync(folder, { recursive: true })
console.log(JSON.stringify({ open, completed } satisfies Report))

/** What keeps an instance's process that is stopped and not closed. A socket that is closed is gone a turn or two later. */
async function openKinds(): Promise<string[]> {
  for (let turns = 0; turns < 20; turns++) await turn()
  return process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate' && !pipes.includes(kind))
}

/** Threads, and a server that a stream of events is read from, as the instance stops. */
async function useAll(): Promise<void> {
  await work.add(threaded, undefined as never)
  await new Promise<void>((resolve) => {
    work.on('completed', function heard({ name }) {
      if (name !== 'threaded') return
      work.off('completed', heard)
      resolve()
    })
  })
  await using server = await serveHttp(work, { port: 0 })
  await new Promise((resolve, reject) => {
    const asked = get(`${server.address}/events`, { agent: false }, (answer) => answer.once('data', resolve))
    asked.once('error', reject)
  })
}
