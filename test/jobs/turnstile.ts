/** Lets the calls of two processes through one at a time, in an order that a test writes down: every interleaving. */
import type { Storage } from '../../src/storage/index.ts'
import { verbs } from '../runner/kit.ts'

interface Waiting {
  readonly who: number
  readonly go: () => void
}

export class Turnstile {
  #closed = false
  #next = 0
  #waiting: Waiting[] = []

  /** The storage of one more process. */
  readonly gate = (storage: Storage): Storage => {
    const who = this.#next++
    const gated: Record<string, unknown> = {}
    for (const verb of verbs) {
      const call = storage[verb].bind(storage) as (...args: unknown[]) => unknown
      gated[verb] = async (...args: unknown[]) => {
        if (this.#closed) await new Promise<void>((resolve) => this.#waiting.push({ who, go: resolve }))
        return call(...args)
      }
    }
    return Object.assign(Object.create(storage) as Storage, gated)
  }

  /** From now on every call waits for its turn. */
  close(): void {
    this.#closed = true
  }

  /** Whose turn it is, call by call; where that one asks for nothing, the other goes. Afterwards the gate stands open. */
  async play(turns: readonly number[], settle: () => Promise<void>): Promise<number> {
    let calls = 0
    for (;;) {
      await settle()
      if (this.#waiting.length === 0) break
      const wanted = this.#waiting.findIndex(({ who }) => who === turns[calls % turns.length])
      const [chosen] = this.#waiting.splice(Math.max(0, wanted), 1)
      calls++
      chosen!.go()
    }
    this.#closed = false
    return calls
  }
}

/** All orders of so many turns of two. */
export function orders(turns: number): number[][] {
  return Array.from({ length: 2 ** turns }, (_, bits) => Array.from({ length: turns }, (_, turn) => (bits >> turn) & 1))
}

/** Orders in which one of two stands still while the other goes on: from each call of its own, for so many of the other's. */
export function stalls(from: number, upTo: number): number[][] {
  const orders: number[][] = []
  for (const who of [0, 1]) {
    for (let before = 0; before < from; before++) {
      for (let during = 1; during < upTo; during++) {
        const turns = (times: number, of: number) => Array.from({ length: times }, () => of)
        orders.push([...turns(before, who), ...turns(during, 1 - who), ...turns(60, who)])
      }
    }
  }
  return orders
}
