/** STAND-IN: lines from a socket. `node:readline` would cut at U+2028 too, in the middle of a row's text. */
import type { Socket } from 'node:net'

export function onLines(socket: Socket, take: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
}
