/** At most so many requests at a time: more than the client has sockets would only wait, and time out, inside it. */

export type Gate = <T>(run: () => Promise<T>) => Promise<T>

export function gate(most: number): Gate {
  let running = 0
  const waiting: (() => void)[] = []
  return async (run) => {
    if (running === most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await run()
    } finally {
      // Whoever waits longest takes this place over.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
