/** One client's server-sent events: a queue that is read as fast as the client does, and never grows beyond its bound. */

/** What a client that does not read may be behind; what comes then is counted and left out. */
const mostBytes = 256 * 1024

const encoder = new TextEncoder()

export class EventStream {
  readonly body: ReadableStream<Uint8Array>
  readonly #events: ReadonlySet<string>
  readonly #names: ReadonlySet<string> | undefined
  readonly #ended: () => void
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #number = 0
  #dropped = 0
  #over = false

  /** `ended` is called once: when the client has gone, or {@link end} was called. */
  constructor(events: ReadonlySet<string>, names: ReadonlySet<string> | undefined, ended: () => void) {
    this.#events = events
    this.#names = names
    this.#ended = ended
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: mostBytes })
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
          // Something to read at once: proxies then pass on that the stream is there.
          controller.enqueue(encoder.encode('retry: 3000\n\n'))
        },
        pull: () => this.#tellDropped(),
        cancel: () => this.#end(),
      },
      strategy,
    )
  }

  send(event: string, name: string, told: object): void {
    if (this.#over || !this.#events.has(event) || (this.#names && !this.#names.has(name))) return
    this.#number++
    this.#write(`id: ${this.#number}\nevent: ${event}\ndata: ${JSON.stringify(brief(told))}\n\n`)
  }

  /** A comment: it keeps proxies from closing a silent stream, and finds out that a client has gone. */
  beat(): void {
    // A client that is far behind has enough to read.
    if (!this.#over && (this.#controller.desiredSize ?? 0) > 0) this.#controller.enqueue(encoder.encode(': beat\n\n'))
  }

  end(): void {
    if (this.#over) return
    this.#end()
    this.#controller.close()
  }

  #write(text: string): void {
    const bytes = encoder.encode(text)
    this.#tellDropped()
    if (this.#dropped === 0 && (this.#controller.desiredSize ?? 0) >= bytes.byteLength) this.#controller.enqueue(bytes)
    else this.#dropped++
  }

  /** As soon as there is room again, how many events are missing. */
  #tellDropped(): void {
    if (this.#over || this.#dropped === 0 || (this.#controller.desiredSize ?? 0) < mostBytes / 2) return
    const data = JSON.stringify({ count: this.#dropped })
    this.#dropped = 0
    this.#controller.enqueue(encoder.encode(`event: dropped\ndata: ${data}\n\n`))
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#ended()
  }
}

/** An event without what may be large: a result is asked for by the task's id, and of an error the words suffice. */
function brief(told: object): object {
  const { result: _, error, ...rest } = told as { readonly result?: unknown; readonly error?: unknown }
  if (typeof error !== 'object' || error === null) return rest
  const { name, message } = error as { readonly name?: unknown; readonly message?: unknown }
  return { ...rest, error: { name: short(name), message: short(message) } }
}

function short(text: unknown): string {
  return String(text ?? '')
    .slice(0, 500)
    .toWellFormed()
}
