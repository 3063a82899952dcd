/** One of several processes with the same work: what it is told by the one that started it, and what it tells that. */
import cluster from 'node:cluster'
import type { StopReport } from '../../index.ts'
import { lineOf } from '../failure.ts'
import type { Place } from '../lasting.ts'
import { type Counts, marked, type ToChild, type ToParent, unmarked } from './messages.ts'

/** Where the app's copy of the library looks for them, whichever copy that is. */
const place = Symbol.for('piecework.cluster')

export class Child {
  /** Resolves when it is to end: told so, by SIGTERM, or because the one that started it is gone. */
  readonly ended: Promise<void>
  #hasBegun = false

  constructor() {
    // Ctrl-C is for the whole group; whoever started this one has it as well, and says what follows.
    process.on('SIGINT', () => {})
    this.ended = new Promise((resolve) => {
      const end = () => {
        // What has not begun has nothing to bring to an end.
        if (this.#hasBegun) resolve()
        else process.exit()
      }
      process.on('SIGTERM', end)
      process.on('message', (message) => {
        const told = unmarked<ToChild>(message)
        if (told?.kind === 'stop') end()
        else if (told?.kind === 'counts') note(told.counts)
      })
      cluster.worker?.on('disconnect', () => {
        // Node would end the process there and then, with all that it is running.
        if (cluster.worker) cluster.worker.exitedAfterDisconnect = true
        end()
      })
    })
  }

  begun(): void {
    this.#hasBegun = true
  }

  ready(place: Place | undefined): void {
    void tell({ kind: 'ready', address: place?.address, port: place?.port })
  }

  stopped(report: StopReport): Promise<void> {
    return tell({ kind: 'stopped', report })
  }

  failed(error: unknown): Promise<void> {
    return tell({ kind: 'failed', message: lineOf(error) })
  }
}

function note(counts: Counts): void {
  Reflect.set(globalThis, place, counts)
}

/** Resolves once it is on its way. Nobody may be there to hear it. */
function tell(message: ToParent): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve()
    process.send?.(marked(message), undefined, undefined, () => resolve())
  })
}
