/** Ctrl-C while something goes on elsewhere: the watching ends, the work does not. */

/** As shells say it: 128 and the number of SIGINT. */
export const interruptedCode = 130

/** Says what becomes of the work; nothing where there is nothing to say. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
}

/**
 * Runs `body` with a signal that is aborted at the first Ctrl-C, so that it can leave the terminal as it found it; a second
 * one ends the process at once. @throws InterruptedError with what `told` says then.
 */
export async function interruptible(
  body: (signal: AbortSignal) => Promise<void>,
  told: () => string = () => '',
): Promise<void> {
  const controller = new AbortController()
  const { signal } = controller
  const interrupted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  const onInterrupt = () => controller.abort()
  process.once('SIGINT', onInterrupt)
  try {
    // What cannot be broken off, such as a call to the storage, is left behind.
    await Promise.race([body(signal), interrupted])
  } finally {
    process.off('SIGINT', onInterrupt)
  }
  if (signal.aborted) throw new InterruptedError(told())
}
