/** The only file of the suite that waits. Cases never do; races and adapters that lag have to. */
import assert from 'node:assert/strict'

/** Lets everybody else go first. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Resolves after so many milliseconds. */
export function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

/** The promise's answer, or a failure with this complaint when none came in time. */
export function inTime<T>(promise: Promise<T>, timeoutMs: number, complaint: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new assert.AssertionError({ message: complaint })), timeoutMs)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
