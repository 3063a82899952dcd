/** `httpHandler(work, options)`: from a Request to a Response. */
import type { Piecework } from '../index.ts'
import { problemAnswer, safeHeaders } from './answers.ts'
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
    const answer = await answered(() => app.fetch(request))
    for (const [name, value] of Object.entries(safeHeaders)) answer.headers.set(name, value)
    return answer
  }
  return Object.assign(handle, { close: () => hub.close() })
}

/** What is thrown need not be an error, and Hono has an answer to errors alone. */
async function answered(answer: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (thrown) {
    return problemAnswer(thrown)
  }
}
