/** Listens for the hints of other processes, on a connection of its own that is made again whenever it is lost. */
import type { PgListener } from './driver.ts'
import { quoted } from './names.ts'
import { ignore, runOn } from './session.ts'
import { later, within } from './time.ts'

const BACKOFF_MS = 100
const BACKOFF_MAX_MS = 30_000

/** How often the connection is tried, in times of a call: one that went silent looks like one with nothing to say. */
const PULSE_CALLS = 3

/** Makes a connection that is not open yet; `undefined` where none can be made. */
export type OpenListener = () => Promise<PgListener | undefined>

export interface Listener {
  /** Resolves once it listens, or could not at the first try; it then goes on trying. */
  watch(wake: () => void): Promise<() => Promise<void>>
  end(): Promise<void>
}

export function listenerOn(channel: string, open: OpenListener, limitMs: number): Listener {
  const wakes = new Set<{ readonly wake: () => void }>()
  let client: PgListener | undefined
  let starting: Promise<void> | undefined
  let callOff: (() => void) | undefined
  let failures = 0

  function wakeAll(): void {
    for (const { wake } of wakes) wake()
  }

  async function connect(): Promise<void> {
    let made: PgListener | undefined
    try {
      made = await open()
      // Where all watches were stopped meanwhile, it was never opened.
      if (made === undefined || wakes.size === 0) return
      client = made
      await listenOn(made, channel, limitMs, wakeAll)
      made.on('end', () => lose(made))
      made.on('error', () => lose(made))
      if (client !== made) return void (await made.end())
      // What was said while nobody listened is not said again.
      if (failures > 0) wakeAll()
      failures = 0
      beat(made)
    } catch {
      lose(made)
    }
  }

  function beat(made: PgListener): void {
    callOff = later(PULSE_CALLS * limitMs, () => {
      runOn(made, { text: 'select 1', values: [] }, limitMs).then(
        () => client === made && beat(made),
        () => lose(made),
      )
    })
  }

  /** Each connection is lost once, and only the current one is made again. */
  function lose(lost: PgListener | undefined): void {
    if (lost !== client) return
    hangUp()
    if (wakes.size === 0) return
    callOff = later(Math.min(BACKOFF_MS * 2 ** failures, BACKOFF_MAX_MS), () => void connect())
    failures += 1
  }

  function hangUp(): Promise<void> {
    callOff?.()
    const last = client
    client = undefined
    return last === undefined ? Promise.resolve() : within(last.end(), limitMs, () => new Error('late')).catch(ignore)
  }

  async function stop(): Promise<void> {
    starting = undefined
    failures = 0
    await hangUp()
  }

  return {
    async watch(wake) {
      const watcher = { wake }
      wakes.add(watcher)
      starting ??= connect()
      await starting
      return async () => {
        if (wakes.delete(watcher) && wakes.size === 0) await stop()
      }
    },
    async end() {
      wakes.clear()
      await stop()
    },
  }
}

/** Connects and listens; fails within the time limit twice over. */
export async function listenOn(client: PgListener, channel: string, limitMs: number, heard: () => void): Promise<void> {
  // From the first moment on: an error event without a listener would end the process.
  client.on('error', ignore)
  client.on('notification', heard)
  await within(client.connect(), limitMs, () => new Error(`no connection to listen on within ${limitMs} ms`))
  await runOn(client, { text: `listen ${quoted(channel)}`, values: [] }, limitMs)
}
