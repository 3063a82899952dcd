/** Goes over a table again and again: at once when there is room, else now and then; gets through an outage. */
import { Bell } from '../bell.ts'
import type { Cancel } from '../clock.ts'
import type { Engine } from '../engine.ts'
import type { Health } from '../health.ts'
import { FunctionFailure } from './functions.ts'

export interface PassListener {
  /** One pass; answers whether there may be more that is due. Rejects when the database fails, or a function of the app's. */
  pass(): Promise<boolean>
  /** Whether nothing is held that will ask for another pass when it ends. */
  isIdle(): boolean
}

interface Drainer {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Passes {
  readonly #engine: Engine
  readonly #health: Health
  readonly #pollMs: number
  readonly #listener: PassListener
  readonly #bell = new Bell()
  #started = false
  #drainers: Drainer[] = []
  #looping: Promise<void> | undefined
  #cancelPoll: Cancel | undefined
  #failures = 0
  /** Somebody rang since the last pass began: it may have found too little. */
  #rung = false

  constructor(engine: Engine, health: Health, pollMs: number, listener: PassListener) {
    this.#engine = engine
    this.#health = health
    this.#pollMs = pollMs
    this.#listener = listener
  }

  start(): void {
    this.#started = true
    this.#run()
  }

  /** Resolves when nothing is due and nothing is held; rejects when a pass fails and nobody started for good. */
  drain(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#drainers.push({ resolve, reject })
      this.#run()
    })
  }

  /** Resolves when the last pass is through. Those who drain are let go. */
  async stop(): Promise<void> {
    this.#started = false
    this.#letGo()
    this.#health.endPauses()
    this.ring()
    await this.#looping
  }

  /** There is room, or a row may have become due. */
  ring(): void {
    this.#rung = true
    this.#bell.ring()
  }

  get #active(): boolean {
    return this.#started || this.#drainers.length > 0
  }

  #run(): void {
    this.ring()
    this.#looping ??= this.#loop().finally(() => {
      this.#looping = undefined
      // Somebody began to drain in the turn in which the loop ended.
      if (this.#active) this.#run()
    })
  }

  async #loop(): Promise<void> {
    while (this.#active) {
      this.#rung = false
      const hasMore = await this.#pass()
      if (!this.#active) break
      if (hasMore || this.#rung) continue
      if (this.#listener.isIdle()) this.#letGo()
      if (!this.#active) break
      this.#poll()
      await this.#bell.wait()
    }
    this.#cancelPoll?.()
    this.#cancelPoll = undefined
  }

  async #pass(): Promise<boolean> {
    try {
      const hasMore = await this.#listener.pass()
      this.#failures = 0
      return hasMore
    } catch (error) {
      const isMistake = error instanceof FunctionFailure
      if (!this.#started) for (const { reject } of this.#drainers.splice(0)) reject(isMistake ? error.cause : error)
      // Whoever drained was told; after a stop nobody cares.
      if (!this.#active) return false
      this.#failures++
      // The app's own functions may fail as well: it says so, and the loop goes on (P20).
      if (isMistake) this.#engine.notifier.warn(error.message)
      else this.#health.down(error)
      await this.#health.pause(this.#health.delayMs(this.#failures))
      return false
    }
  }

  /** Jittered, so that idle workers that began together do not ask together for ever. */
  #poll(): void {
    this.#cancelPoll ??= this.#engine.clock.after(this.#pollMs * (0.8 + 0.4 * this.#engine.random()), () => {
      this.#cancelPoll = undefined
      this.ring()
    })
  }

  #letGo(): void {
    for (const { resolve } of this.#drainers.splice(0)) resolve()
  }
}
