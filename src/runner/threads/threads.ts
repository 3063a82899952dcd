/** The threads of one definition: each runs one attempt at a time, ends with it if it must, and is replaced. */
import { access } from 'node:fs/promises'
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import PQueue from 'p-queue'
import type { Piscina } from 'piscina'
import { messageOf } from '../../core/error-record.ts'
import { FatalError, PieceworkError, StoppingError } from '../../core/errors.ts'
import { Unstorable } from '../attempt.ts'
import { type Clock, fulfilledWithin } from '../clock.ts'
import type { TaskContext } from '../context.ts'
import type { Notifier } from '../events.ts'
import type { ThreadPlace } from '../place.ts'
import { described, type Ended, errorOf, type Facts, type Said, type Told } from './messages.ts'

/** How long a handler may go on after its signal aborted before its thread is ended. A stop waits no longer than 200 ms. */
const patienceMs = { stopping: 100, otherwise: 1_000 }

/** A thread takes some 50 ms to start: it is kept for the next task for a while. */
const idleMs = 10_000

/** Ending a thread takes a few milliseconds, unless it hangs in native code. */
const endMs = 1_000

export class Threads {
  readonly #tools: { readonly clock: Clock; readonly notifier: Notifier }
  readonly #place: ThreadPlace
  /** The pool is never given more than it has threads: what waits there would be forgotten where a thread dies. */
  readonly #lanes: PQueue
  readonly #alive = new Set<Worker>()
  /** Attempts that no thread has begun yet; a thread that cannot start fails them. */
  readonly #unbegun = new Set<AbortController>()
  #pool: Promise<Piscina> | undefined

  constructor(tools: { readonly clock: Clock; readonly notifier: Notifier }, place: ThreadPlace) {
    this.#tools = tools
    this.#place = place
    this.#lanes = new PQueue({ concurrency: place.threads })
  }

  /** How many there are just now. */
  get size(): number {
    return this.#alive.size
  }

  /** What is missing is told before any task is taken. @throws PieceworkError `missing_driver`; the file system's error. */
  async open(): Promise<void> {
    await driver()
    await access(this.#place.file)
  }

  /** Resolves and rejects as the handler does. */
  async run(context: TaskContext): Promise<unknown> {
    return this.#lanes.add(() => this.#run(context))
  }

  /** Ends them all. The next attempt starts others. */
  async close(): Promise<void> {
    const opened = this.#pool
    this.#pool = undefined
    const pool = await opened?.catch(() => undefined)
    if (!pool) return
    const ends = [...this.#alive].map((thread) => new Promise((resolve) => thread.once('exit', resolve)))
    await fulfilledWithin(this.#tools.clock, endMs, Promise.all([pool.destroy(), ...ends]))
  }

  async #run(context: TaskContext): Promise<unknown> {
    const { signal } = context
    this.#pool ??= this.#start()
    const pool = await this.#pool
    signal.throwIfAborted()
    const { port1: port, port2 } = new MessageChannel()
    const ending = new AbortController()
    let cancel = () => {}
    const onAbort = () => {
      tell(port, { kind: 'abort', reason: described(signal.reason) })
      const delayMs = signal.reason instanceof StoppingError ? patienceMs.stopping : patienceMs.otherwise
      cancel = this.#tools.clock.after(delayMs, () => ending.abort(signal.reason))
    }
    const hear = (said: Said) => {
      if (said.kind === 'begun') this.#unbegun.delete(ending)
      else pass(said, context, port)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    port.on('message', hear)
    this.#unbegun.add(ending)
    try {
      const given = { file: this.#place.file.href, facts: factsOf(context), port: port2 }
      const ended: Ended = await pool.run(given, { transferList: [port2], signal: ending.signal })
      // It came by another way, and may have overtaken what was said before.
      hearRest(port, hear)
      return outcomeOf(ended, context)
    } catch (error) {
      hearRest(port, hear)
      throw ending.signal.aborted ? ending.signal.reason : error
    } finally {
      cancel()
      this.#unbegun.delete(ending)
      signal.removeEventListener('abort', onAbort)
      port.close()
    }
  }

  async #start(): Promise<Piscina> {
    const { Piscina } = await driver()
    const { threads, memoryMb, file } = this.#place
    const pool = new Piscina({
      // What runs there is an entry of its own, in the sources and in the package.
      filename: new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url).href,
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: idleMs,
      // A thread that waits by blocking would not notice what its handlers left behind.
      atomics: 'disabled',
      ...(memoryMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryMb } }),
    })
    pool.on('workerCreate', () => this.#note(pool.threads))
    pool.on('error', (error: Error) => {
      this.#tools.notifier.warn(`A thread for ${file.href} ended while it had nothing to do: ${messageOf(error)}`)
      // It could not even start.
      this.#failUnbegun(pool, error)
    })
    // One that exits before it could begin is no error of the pool's. It is told before the thread is out of its list.
    pool.on('workerDestroy', () =>
      queueMicrotask(() => this.#failUnbegun(pool, new Error('Its thread ended before it could begin'))),
    )
    return pool
  }

  /** Where no thread is left, nobody would take what waits for one. */
  #failUnbegun(pool: Piscina, error: Error): void {
    if (pool.threads.length === 0) for (const ending of this.#unbegun) ending.abort(error)
  }

  #note(threads: readonly Worker[]): void {
    for (const thread of threads) {
      if (this.#alive.has(thread)) continue
      this.#alive.add(thread)
      thread.once('exit', () => this.#alive.delete(thread))
    }
  }
}

async function driver() {
  try {
    return await import('piscina')
  } catch (cause) {
    throw new PieceworkError('missing_driver', 'Install `piscina` to run tasks in threads', { cause })
  }
}

function factsOf({ id, name, input, attempt, fence, runAt, lastRunAt }: TaskContext): Facts {
  return { id, name, input, attempt, fence, runAt, lastRunAt }
}

/** What a handler says goes where it would go if it ran here. */
function pass(
  said: Exclude<Said, { kind: 'begun' }>,
  { log, progress, emit, request }: TaskContext,
  port: MessagePort,
): void {
  switch (said.kind) {
    case 'log':
      if (said.isError) log.error(said.line)
      else log(said.line)
      break
    case 'progress':
      progress(said.value)
      break
    default:
      // Not all that is refused is refused by a rejection.
      new Promise<void>((resolve) => resolve(said.kind === 'item' ? emit(said.value) : request(said.value))).then(
        () => tell(port, { kind: 'taken', call: said.call }),
        (error: unknown) => tell(port, { kind: 'taken', call: said.call, error: described(error) }),
      )
  }
}

function hearRest(port: MessagePort, hear: (said: Said) => void): void {
  for (let one = receiveMessageOnPort(port); one; one = receiveMessageOnPort(port)) hear(one.message as Said)
}

function tell(port: MessagePort, told: Told): void {
  port.postMessage(told)
}

function outcomeOf(ended: Ended, { snooze }: TaskContext): unknown {
  switch (ended.kind) {
    case 'good':
      return ended.result
    case 'unstorable':
      throw new Unstorable(errorOf(ended.error))
    case 'snoozed':
      return snooze(ended.delayMs)
    case 'bad':
      throw ended.isFatal ? errorOf(ended.error, FatalError) : errorOf(ended.error)
  }
}
