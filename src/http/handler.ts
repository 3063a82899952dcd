/** `httpHandler(work, options)`: from a Request to a Response. */
import type { Piecework } from '../index.ts'
import { safeHeaders } from './answers.ts'
import { makeApp } from './app.ts'
import { Hub } from './hub.ts'
import { checkHttpOptions, type HttpOptions } from './options.ts'

/** Give it to any server that speaks `fetch`, or call it. */
export interface HttpHandler {
  (request: Request): Promise<Response>
  /** Ends streams of events and no longer listens to the instance, which stays as it is. Calling it again is harmless. */
  close(): void
}

/**
 * Makes a handler of the routes in docs/http.md. Without `authorize` it only answers questions.
 * @throws TypeError on an option that cannot be.
 */
export function httpHandler(work: Piecework, options: HttpOptions = {}): HttpHandler {
  const checked = checkHttpOptions(work, options)
  const hub = new Hub(work, checked.heartbeatMs)
  const app = makeApp({ work, hub, options: checked })
  const handle = async (request: Request) => {
    const answer = await app.fetch(request)
    for (const [name, value] of Object.entries(safeHeaders)) answer.headers.set(name, value)
    return answer
  }
  return Object.assign(handle, { close: () => hub.close() })
}
