/** How a person or a supervisor ends what goes on by itself. */

const signals = ['SIGINT', 'SIGTERM'] as const

/** Resolves at Ctrl-C, or at SIGTERM; another one ends the process at once, after `forced` was called. */
export function signalled(forced: () => void = () => {}): Promise<void> {
  return new Promise((resolve) => {
    let isSecond = false
    const end = (signal: NodeJS.Signals) => {
      if (isSecond) {
        forced()
        for (const each of signals) process.off(each, end)
        // With nobody listening any more, it does what it does to any process.
        process.kill(process.pid, signal)
      }
      isSecond = true
      resolve()
    }
    for (const signal of signals) process.on(signal, end)
  })
}
