/** The app of the endurance run: one instance on a file, with its listeners, schedules, cleanup and server. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import type { Random } from '../../../src/conformance/random.ts'
import { type HttpHandler, type HttpServer, httpHandler, serveHttp } from '../../../src/http/index.ts'
import { type Piecework, type PieceworkEvents, piecework } from '../../../src/index.ts'
import { faulty } from '../../../src/testing/index.ts'
import { definitions, type OwnRow, retention } from './definitions.ts'
import { Ends } from './ends.ts'

export const quiet = { info() {}, warn() {}, error() {} }

/** One of so many calls fails: before it is done, or after. */
const faultEvery = 499

export interface World extends ReturnType<typeof definitions> {
  readonly file: string
  readonly work: Piecework
  readonly random: Random
  readonly ends: Ends
  /** The app's own table. */
  readonly own: OwnRow[]
  readonly handler: HttpHandler
  readonly server: HttpServer
  readonly events: Record<string, number>
  /** What was not as it should be. */
  readonly wrong: string[]
  /** How many tasks, parts and rows have ended. */
  ended: number
  stored(): Promise<{ rows: number; file: number }>
  close(): Promise<void>
}

export async function open(folder: string, random: Random): Promise<World> {
  const file = join(folder, 'work.db')
  const own: OwnRow[] = []
  const defined = definitions(join(folder, 'done'), own)
  const { consumer, recurring, cleaning, ...kept } = defined
  const { guest, ticked, sums, outside, ...awaited } = kept
  const storage = faulty(sqlite(file, { synchronous: 'normal' }), (verb, call) => {
    if (call % faultEvery !== 0 || !['claim', 'insert', 'extend'].includes(verb)) return 'pass'
    return call % 2 === 0 ? 'before' : 'after'
  })
  const work = piecework({
    storage,
    definitions: Object.values(defined),
    concurrency: 40,
    lease: '10s',
    poll: '200ms',
    logger: quiet,
  })
  const handler = httpHandler(work, { authorize: () => true })
  const world: World = {
    ...defined,
    file,
    work,
    random,
    ends: new Ends(),
    own,
    handler,
    server: await serveHttp(work, { port: 0, authorize: () => true }),
    events: {},
    wrong: [],
    ended: 0,
    async stored() {
      const { tasks, jobs, parts } = await work.status()
      const rows = [tasks, jobs, parts].flatMap((each) =>
        Object.values(each).flatMap((states) => Object.values(states as Record<string, number>)),
      )
      const names = readdirSync(folder, { recursive: true }) as string[]
      const bytes = names.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
      return {
        rows: rows.reduce((sum, count) => sum + count, 0),
        file: Math.round(bytes.reduce((sum, size) => sum + size, 0) / 1e4) / 100,
      }
    },
    async close() {
      closing.abort()
      await purging
      handler.close()
      await this.server.close()
      await work.close()
    },
  }
  const closing = new AbortController()
  const names = new Set(Object.values(awaited).map(({ name }) => name))
  listen(world, names)
  await work.schedule(cleaning, cleaning.schedule)
  for (const overlap of ['allow', 'skip', 'queue'] as const) {
    await work.schedule(ticked, { name: overlap, every: '1s', overlap, jitter: 300, input: { size: 200 } })
  }
  await work.schedule(ticked, { name: 'cron', cron: '* * * * * *', timeZone: 'Europe/Athens', input: { size: 1 } })
  await work.add(recurring)
  await work.start()
  const purging = purge(
    work,
    Object.values(kept).map(({ name }) => name),
    closing.signal,
  )
  return world
}

/**
 * What ended well the app removes by itself, and leaves the rest to the cleanup, whose lines are on the disk before
 * anything goes: that takes it longer than a process which does nothing but tasks leaves it.
 */
async function purge(work: Piecework, names: string[], signal: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(1_000, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    await work.purge({ names, states: ['completed'], olderThan: retention })
  }
}

/** Listeners of all kinds, for good: what an app has that logs. */
function listen(world: World, awaited: ReadonlySet<string>): void {
  const over = new Set(['completed', 'failed', 'cancelled', 'skipped'])
  const all = ['added', 'started', 'retrying', 'returned', 'lost', 'gone', 'expired', 'stuck', 'late', 'lag'] as const
  const rest = ['completed', 'failed', 'cancelled', 'skipped', 'storage_down', 'storage_up'] as const
  for (const event of [...all, ...rest]) {
    const listener = (told: object) => {
      world.events[event] = (world.events[event] ?? 0) + 1
      if (!over.has(event)) return
      world.ended++
      const { id, name } = told as { id: string; name: string }
      if (awaited.has(name)) world.ends.tell(id)
    }
    world.work.on(event, listener as PieceworkEvents[typeof event])
  }
}
