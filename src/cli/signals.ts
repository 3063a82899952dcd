/** How a person or a supervisor ends what goes on by itself. */
import { later } from './pause.ts'

const signals = ['SIGINT', 'SIGTERM'] as const

/** npx and timeout(1) hand on what the whole group, and so this process, was sent already: both are one wish. */
const sameWishMs = 500

/** Resolves at Ctrl-C, or at SIGTERM; a second one ends the process at once, after `forced` was called. */
export function signalled(forced: () => void = () => {}): Promise<void> {
  return new Promise((resolve) => {
    let isSecond = false
    const end = (signal: NodeJS.Signals) => {
      resolve()
      if (isSecond) {
        forced()
        for (const each of signals) process.off(each, end)
        // With nobody listening any more, it does what it does to any process.
        process.kill(process.pid, signal)
      }
      later(sameWishMs, () => {
        isSecond = true
      })
    }
    for (const signal of signals) process.on(signal, end)
  })
}
