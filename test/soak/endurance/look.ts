/** One look at what a process holds, after a collection: memory, timers and handles, listeners. */
import { setImmediate as turn } from 'node:timers/promises'
import { countListeners } from './listeners.ts'

/** Megabytes and numbers, by what they are of. */
export interface Look {
  /** How many tasks had ended. */
  readonly tasks: number
  readonly seconds: number
  readonly heap: number
  /** Buffers, and what native code keeps for objects. */
  readonly external: number
  readonly rss: number
  readonly timers: number
  /** What else keeps the process from ending: sockets, threads, files. */
  readonly handles: number
  readonly emitters: number
  readonly targets: number
  readonly process: number
  /** Rows of the storage. */
  readonly rows: number
  /** Megabytes on the disk. */
  readonly file: number
}

export type Measured = Exclude<keyof Look, 'tasks' | 'seconds'>

const round = (bytes: number): number => Math.round(bytes / 1e4) / 100

/** What is there at this very moment, whatever the process is doing. */
export function look(tasks: number, stored: Pick<Look, 'rows' | 'file'>): Look {
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  // One that is due in this very turn is gone with it.
  const open = process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate')
  const timers = open.filter((kind) => kind === 'Timeout').length
  return {
    tasks,
    seconds: Math.round(performance.now() / 100) / 10,
    heap: round(heapUsed),
    external: round(external),
    rss: round(rss),
    timers,
    handles: open.length - timers,
    ...countListeners(),
    ...stored,
  }
}

/** The least of several looks: a tick, or a beat, may come in between any one of them. */
export async function lookAtRest(once: () => Look | Promise<Look>): Promise<Look> {
  const looks: Look[] = []
  for (let count = 0; count < 5; count++) {
    // What a callback has just let go of is collected in another turn.
    globalThis.gc?.()
    for (let turns = 0; turns < 20; turns++) await turn()
    looks.push(await once())
  }
  const names = Object.keys(looks[0]!) as (keyof Look)[]
  return Object.fromEntries(
    names.map((name) => [name, Math.min(...looks.map((each) => each[name]))]),
  ) as unknown as Look
}
