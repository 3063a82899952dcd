/** `hold()`: the whole program of a holder's process. An author's script is `hold(() => myStorage(process.argv[2]))`. */
import type { Awaitable, Row, Storage } from '../storage/index.ts'
import { work } from './holder.ts'
import type { FromHolder, ToHolder } from './race-log.ts'
import { delay } from './waiting.ts'

const REST_MS = 2

/** Resolves once the message is with the operating system: it then outlives a kill of this process. */
function send(message: FromHolder): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!process.send) return reject(new Error('hold() runs in a process that race() started, with a channel to it'))
    process.send(message, undefined, undefined, (error) => (error ? reject(error) : resolve()))
  })
}

/** Opens the storage and does what the parent says until it says to leave, or is gone. */
export function hold(open: () => Awaitable<Storage>): void {
  let opened: Promise<Storage> | undefined
  const handle = async (message: ToHolder): Promise<void> => {
    opened ??= Promise.resolve(open())
    const storage = await opened
    switch (message.type) {
      case 'work': {
        const clock = async () => storage.now!()
        const log = (entry: Extract<FromHolder, { type: 'entry' }>['entry']) => send({ type: 'entry', entry })
        const rest = () => delay(REST_MS)
        await work(message.plan, { storage, clock, log, rest })
        return send({ type: 'done' })
      }
      case 'read': {
        const rows: (Row | null)[] = []
        const size = storage.traits.batchMax
        for (let start = 0; start < message.ids.length; start += size) {
          const part = await storage.get(message.ids.slice(start, start + size))
          rows.push(...part.map((row) => row ?? null))
        }
        return send({ type: 'rows', rows })
      }
      case 'leave':
        await storage.close?.()
        process.disconnect?.()
    }
  }
  process.on('message', (message: ToHolder) => {
    handle(message).catch((error: unknown) =>
      send({ type: 'failed', error: String(error) }).catch(() => process.exit(1)),
    )
  })
  // A holder whose parent is gone has nobody to report to.
  process.on('disconnect', () => process.exit(0))
  void send({ type: 'ready' })
}
