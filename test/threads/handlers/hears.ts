/** Ends well when its signal aborts, with what it heard. */
import { type TaskContext, TimeoutError } from '../../../src/index.ts'

export default async ({ signal }: TaskContext<string>) => {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  return { name: (signal.reason as Error).name, isTimeout: signal.reason instanceof TimeoutError }
}
