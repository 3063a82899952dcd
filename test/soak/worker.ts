/** One process of the soak: adds tasks, runs what is due, cancels a few; says on stdout what was acknowledged. */
import { appendFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { type SqliteDatabase, sqlite } from '../../adapters/sqlite/index.ts'
import { seeded } from '../../src/conformance/random.ts'
import { type NewTask, PieceworkError, piecework } from '../../src/index.ts'
import { endWhenTold } from '../kill/death.ts'
import { definitions, type Load } from './definitions.ts'
import type { WorkerOrder } from './fleet.ts'

const order = JSON.parse(process.argv[2] ?? '') as WorkerOrder
const random = seeded(order.seed)
/** Lines go straight to files: what was written is there, however this process ends. */
const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`)

function open() {
  if (order.driver === 'node:sqlite') return sqlite(order.file, { synchronous: order.synchronous })
  const Better = createRequire(import.meta.url)('better-sqlite3') as new (file: string) => SqliteDatabase
  return sqlite(new Better(order.file), { synchronous: order.synchronous })
}

const defined = definitions((what, { id, attempt, fence }) => {
  appendFileSync(order.log, `${what} ${id} ${attempt} ${fence} ${process.pid}\n`)
})
const note = (message: string): void => say({ logged: message })
const work = piecework({
  storage: open(),
  definitions: Object.values(defined),
  lease: '1s',
  concurrency: 8,
  poll: '500ms',
  logger: { info: () => {}, warn: note, error: note },
})

/** How often each definition is drawn, and the greatest size. The slow and the deadly are few. */
const mix: readonly (readonly [name: string, share: number, size: number])[] = [
  ['quick', 30, 1],
  ['nap', 14, 15],
  ['keyed', 10, 40],
  ['limited', 8, 4],
  ['busy', 8, 1],
  ['flaky', 8, 3],
  ['hopeless', 4, 1],
  ['fatal', 4, 1],
  ['snoozer', 5, 1],
  ['lister', 5, 40],
  ['reporter', 3, 20],
  ['long', 1, 1],
]
const drawn = mix.flatMap((entry) => Array.from({ length: entry[1] }, () => entry))

function draw(): NewTask<Load> {
  const rare = random.below(4_000)
  const [name, , size] = rare === 0 ? ['poison', 1, 1] : rare <= 3 ? ['blocker', 1, 1] : random.pick(drawn)
  return defined[name as string]!.with(
    { size: 1 + random.below(size as number) },
    {
      priority: random.below(10),
      ...(name === 'keyed' ? { key: `k${random.below(6)}` } : {}),
      // One that is far off must still wait at the end.
      delay: random.chance(1) ? '1h' : random.chance(20) ? random.below(900) : 0,
    },
  )
}

async function add(quota: number): Promise<void> {
  for (let left = quota; left > 0; ) {
    const batch = Array.from({ length: Math.min(left, 1 + random.below(30)) }, draw)
    left -= batch.length
    try {
      const added = await work.add(batch)
      say({ added: added.map(({ id, status }, index) => [id, status, batch[index]!.definition.name]) })
      const victim = random.pick(added).id
      // A quota counts what was tried, so nothing is added without end while the file is held by one that stands still.
      if (random.chance(8) && (await work.cancel(victim))) say({ cancelled: victim })
    } catch (error) {
      // Not acknowledged: nobody may count on it. Anything else than these two would be a mistake of ours.
      if (!(error instanceof PieceworkError)) throw error
      if (error.code === 'stopped') return
      if (error.code !== 'storage_failed') throw error
      say({ failed: error.ids.length })
    }
    await sleep(random.below(order.pauseMs))
  }
  say({ done: true })
}

// Short, so that running handlers are aborted and given back now and then.
endWhenTold(() => work.close({ timeout: order.patienceMs }))
await work.start()
say({ ready: process.pid })
await add(order.quota)
