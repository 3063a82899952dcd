/** Listens to an instance once, counts what it tells, and passes it on to any number of streams. */
import { eventNames, type Piecework, type PieceworkEvents } from '../index.ts'
import { EventStream } from './event-stream.ts'
import { every, nowText } from './time.ts'

export type EventName = keyof PieceworkEvents

/** Each stream holds a socket and a queue. */
const mostStreams = 100

export class Hub {
  readonly #work: Piecework
  readonly #heartbeatMs: number
  readonly #listeners: { readonly name: EventName; readonly listener: (event: object) => void }[]
  readonly #streams = new Set<EventStream>()
  /** How often each event was told, by name of definition; '' where it has none. */
  readonly counts = new Map<EventName, Map<string, number>>()
  /** When the last attempt began here, as ISO 8601. */
  lastStart: string | undefined
  #endBeat: (() => void) | undefined
  #closed = false

  constructor(work: Piecework, heartbeatMs: number) {
    this.#work = work
    this.#heartbeatMs = heartbeatMs
    this.#listeners = eventNames.map((name) => ({ name, listener: (event) => this.#tell(name, event) }))
    for (const { name, listener } of this.#listeners) work.on(name, listener)
  }

  /** A stream of some kinds of events, of some definitions; nothing where there are too many streams, or it is closed. */
  open(events: ReadonlySet<string>, names: ReadonlySet<string> | undefined): EventStream | undefined {
    if (this.#closed || this.#streams.size >= mostStreams) return undefined
    const stream = new EventStream(events, names, () => this.#forget(stream))
    this.#streams.add(stream)
    this.#endBeat ??= every(this.#heartbeatMs, () => {
      for (const each of this.#streams) each.beat()
    })
    return stream
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#streams.size
  }

  close(): void {
    this.#closed = true
    for (const { name, listener } of this.#listeners) this.#work.off(name, listener)
    for (const stream of [...this.#streams]) stream.end()
  }

  #forget(stream: EventStream): void {
    this.#streams.delete(stream)
    if (this.#streams.size > 0) return
    this.#endBeat?.()
    this.#endBeat = undefined
  }

  #tell(event: EventName, told: object): void {
    const name = 'name' in told && typeof told.name === 'string' ? told.name : ''
    if (event === 'started') this.lastStart = nowText()
    const counts = this.counts.get(event) ?? new Map<string, number>()
    this.counts.set(event, counts.set(name, (counts.get(name) ?? 0) + 1))
    if (this.#streams.size === 0) return
    for (const stream of this.#streams) stream.send(event, name, told)
  }
}
