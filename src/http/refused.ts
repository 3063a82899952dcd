/** What becomes of a client that goes on sending a body after it was answered: it may read why, and is then cut off. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { every } from './time.ts'

/** Cut off at once, it might never see the answer: what it was sent is lost with the connection. */
const patienceMs = 500
const mostBytes = 8 * 1024 * 1024
const lookEveryMs = 10

/** Nothing of what still comes is kept. */
export function cutOffRefused(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { socket } = incoming
  outgoing.once('finish', () => {
    if (incoming.complete || socket.destroyed) return
    const most = socket.bytesRead + mostBytes
    let looks = patienceMs / lookEveryMs
    const stop = () => {
      endLooks()
      socket.off('close', stop)
    }
    const endLooks = every(lookEveryMs, () => {
      looks--
      if (incoming.complete) stop()
      else if (looks <= 0 || socket.bytesRead > most) socket.destroy()
    })
    socket.once('close', stop)
    incoming.resume()
  })
}
