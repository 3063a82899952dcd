/** Starts servers for tests and benchmarks. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Answer, Order } from './keeper.ts'
import { type KindName, kinds } from './kinds.ts'
import type { Missing, Server } from './server.ts'

const keeper = fileURLToPath(new URL('./keeper.ts', import.meta.url))

/**
 * The server that the environment names, or a fresh one of this machine's, or the reason why there is none. `settings`
 * are variables for the one that is started, such as the server that it stands before.
 */
export async function startServer(
  kindName: KindName,
  settings: Readonly<Record<string, string>> = {},
): Promise<Server | Missing> {
  const kind = kinds[kindName]
  const given = process.env[kind.variable]
  if (given) return foreign(given, kind.variable)
  const program = await kind.find()
  if ('missing' in program) return { missing: `${program.missing}; ${kind.variable} names no server either` }

  const home = mkdtempSync(join(tmpdir(), `piecework-${kindName}-`))
  const port = await freePort()
  const child = fork(keeper, [kindName, home, String(port)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...settings },
  })
  const first = await ask(child, 'start')
  if ('failed' in first) {
    child.disconnect()
    return { missing: `${program.source} does not start: ${first.failed}` }
  }
  // Nobody waits for a server: a test run may end without having stopped it, and its keeper then does.
  child.unref()
  child.channel?.unref()
  return {
    url: first.url,
    source: program.source,
    own: true,
    kill: () => obeyed(child, 'kill'),
    restart: () => obeyed(child, 'start'),
    async stop() {
      if (!child.connected) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.ref()
      child.disconnect()
      await gone
    },
  }
}

async function obeyed(child: ChildProcess, order: Order): Promise<void> {
  const answer = await ask(child, order)
  if ('failed' in answer) throw new Error(`The server did not ${order}: ${answer.failed}`)
}

function ask(child: ChildProcess, order: Order): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('The keeper of the server is gone'))
    child.ref()
    child.channel?.ref()
    child.once('exit', gone)
    child.once('message', (answer: Answer) => {
      child.off('exit', gone)
      child.unref()
      child.channel?.unref()
      resolve(answer)
    })
    child.send(order)
  })
}

function foreign(url: string, variable: string): Server {
  const refuse = () => Promise.reject(new Error(`The server that ${variable} names is not ours to kill`))
  return { url, source: variable, own: false, kill: refuse, restart: refuse, stop: async () => {} }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
