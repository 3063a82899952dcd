/** A socket in the file system: what a process that died left there is removed, and nothing else ever. */
import cluster from 'node:cluster'
import { lstatSync, rmSync, type Stats } from 'node:fs'
import { connect } from 'node:net'

/** Long enough for a server that is busy; nobody there is told at once. */
const answerMs = 1_000

/**
 * Makes room for a server at this path. Who answers there may be the other processes of a cluster, for whom all listens the
 * one that started them: then it stays, and listening fails unless that is so.
 * @throws Error with the code `EADDRINUSE` where a server answers there, or something else than a socket is.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = at(path)
  if (!found) return
  if (!found.isSocket()) throw inUse(`${path} is there, and is no socket`)
  const isTaken = await answers(path)
  if (isTaken && cluster.isWorker) return
  if (isTaken) throw inUse(`A server listens at ${path} already`)
  // Another process may have had the same thought meanwhile, and listen there now.
  const now = at(path)
  if (now && now.ino === found.ino && now.ctimeMs === found.ctimeMs) rmSync(path, { force: true })
}

function at(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

/** Only a refusal says that nobody is there; where it cannot be known, somebody may be. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(answerMs, () => end(true))
    socket.on('connect', () => end(true))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => end(code !== 'ECONNREFUSED' && code !== 'ENOENT'))
  })
}

function inUse(message: string): Error {
  return Object.assign(new Error(message), { code: 'EADDRINUSE' })
}
