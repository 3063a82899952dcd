/** Keeps several processes with the same work going: starts again what ends, and has all of them end when it is told to. */
import cluster, { type Worker } from 'node:cluster'
import type { StopReport } from '../../index.ts'
import { BadEndError, lineOf } from '../failure.ts'
import type { LastingOptions } from '../lasting.ts'
import { later } from '../pause.ts'
import { signalled } from '../signals.ts'
import { delayMsAfter, steadyMs } from './delay.ts'
import { marked, type ToChild, type ToParent, unmarked } from './messages.ts'

/** What a process may need beyond the time that its work may take: it closes its storage then. */
const graceMs = 3_000

/** The place of one process, whichever holds it just now. */
interface Slot {
  readonly number: number
  worker?: Worker | undefined
  isReady: boolean
  /** In a row: a process that works for a while begins a new one. */
  ends: number
  /** What its last process said of why it could not begin. */
  failure?: string | undefined
  callOff?: (() => void) | undefined
}

export class Parent {
  readonly #options: LastingOptions & { readonly processes: number }
  readonly #slots: Slot[]
  readonly #report = { givenBack: [] as string[], abandoned: [] as string[] }
  readonly #done: Promise<StopReport>
  #resolve: (report: StopReport) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #restarts = 0
  #hasOneBegun = false
  #isGreeted = false
  #isEnding = false
  #callOff = () => {}

  constructor(options: LastingOptions & { readonly processes: number }) {
    this.#options = options
    this.#slots = Array.from({ length: options.processes }, (_, at) => ({ number: at + 1, isReady: false, ends: 0 }))
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** @throws BadEndError where not even the first can begin, or where one had to be ended by force. */
  run(): Promise<StopReport> {
    void signalled(() => this.#kill()).then(() => this.#end())
    // One alone shows whether it can be done at all, and says what is wrong once.
    this.#fork(this.#slots[0]!)
    return this.#done
  }

  #fork(slot: Slot): void {
    slot.callOff = undefined
    slot.failure = undefined
    try {
      slot.worker = this.#started(slot)
      this.#tellCounts()
    } catch (error) {
      this.#gone(slot, `could not be started: ${lineOf(error)}`)
    }
  }

  #started(slot: Slot): Worker {
    const worker = cluster.fork()
    worker.on('message', (message) => this.#hear(slot, unmarked<ToParent>(message)))
    worker.on('exit', (code, signal) => {
      const gone = () => this.#gone(slot, signal ? `was ended by ${signal}` : `ended with exit code ${code}`)
      // What it said at last may still be on its way.
      if (worker.isConnected()) worker.once('disconnect', gone)
      else gone()
    })
    worker.on('error', (error) => {
      // One that was never there has no exit. A message that does not arrive is no trouble: who should have it is about to be gone.
      if (worker.process.pid === undefined) this.#gone(slot, `could not be started: ${error.message}`)
    })
    return worker
  }

  #hear(slot: Slot, message: ToParent | undefined): void {
    switch (message?.kind) {
      case undefined:
        break
      case 'ready':
        this.#ready(slot, message)
        break
      case 'failed':
        slot.failure = message.message
        break
      case 'stopped':
        this.#report.givenBack.push(...message.report.givenBack)
        this.#report.abandoned.push(...message.report.abandoned)
    }
  }

  #ready(slot: Slot, { address, port }: ToParent & { readonly kind: 'ready' }): void {
    slot.isReady = true
    slot.callOff = later(steadyMs, () => {
      slot.ends = 0
    })
    if (!this.#hasOneBegun) {
      this.#hasOneBegun = true
      if (!this.#isEnding) for (const other of this.#slots.slice(1)) this.#fork(other)
    }
    this.#tellCounts()
    if (this.#isGreeted || this.#running < this.#slots.length) return
    this.#isGreeted = true
    this.#options.greet(address === undefined ? undefined : { address, port }).catch(this.#reject)
  }

  #gone(slot: Slot, how: string): void {
    const { worker, failure } = slot
    slot.worker = undefined
    slot.isReady = false
    slot.callOff?.()
    if (this.#isEnding) {
      this.#checkEnd()
      return
    }
    const told = failure === undefined ? how : `could not begin: ${failure}`
    if (!this.#hasOneBegun) {
      this.#isEnding = true
      this.#reject(new BadEndError(failure ?? `The first process ${how} before it had begun`))
      return
    }
    slot.ends += 1
    const delayMs = delayMsAfter(slot.ends)
    slot.callOff = later(delayMs, () => {
      this.#restarts += 1
      this.#fork(slot)
    })
    const pid = worker?.process.pid === undefined ? '' : ` (pid ${worker.process.pid})`
    this.#options.warn(`Process ${slot.number}${pid} ${told}. It is started again in ${delayMs / 1_000} s`)
    this.#tellCounts()
  }

  #end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    for (const { worker, callOff } of this.#slots) {
      callOff?.()
      // One that cannot be told any more ends by itself.
      if (worker) tell(worker, { kind: 'stop' })
    }
    this.#callOff = later(this.#options.timeoutMs + graceMs, () => {
      const late = this.#slots.filter(({ worker }) => worker).map(({ number }) => number)
      this.#kill()
      this.#reject(new BadEndError(`Ended by force, as it took too long: process ${late.join(', ')}`))
    })
    this.#checkEnd()
  }

  #checkEnd(): void {
    if (this.#slots.some(({ worker }) => worker)) return
    this.#callOff()
    this.#resolve(this.#report)
  }

  #kill(): void {
    for (const { worker } of this.#slots) worker?.process.kill('SIGKILL')
  }

  get #running(): number {
    return this.#slots.filter(({ isReady }) => isReady).length
  }

  #tellCounts(): void {
    const counts = { processes: this.#slots.length, running: this.#running, restarts: this.#restarts }
    for (const { worker } of this.#slots) if (worker) tell(worker, { kind: 'counts', counts })
  }
}

function tell(worker: Worker, message: ToChild): void {
  if (worker.isConnected()) worker.send(marked(message), undefined, undefined, () => {})
}
