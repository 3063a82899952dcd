/**
 * A process that keeps one server: node keeper.ts KIND HOME PORT
 *
 * It ends the server, by its process id, and removes its data when the process that asked for it lets go of the channel
 * or dies, however it dies. So a killed test run leaves nothing behind.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { kinds } from './kinds.ts'
import type { Program } from './server.ts'

const [kindName = '', home = '', portText = ''] = process.argv.slice(2)
const port = Number(portText)
const startMs = 60_000

let child: ChildProcess | undefined
let output = ''

/** What the parent may ask for. */
export type Order = 'start' | 'kill'

export type Answer = { readonly url: string } | { readonly failed: string }

async function start(program: Program): Promise<void> {
  const { file, args, env, uid, gid } = program.command(home, port)
  const identity = uid === undefined ? {} : { uid, gid }
  const started = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, ...identity })
  child = started
  output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk).slice(-4000)
  }
  started.stdout.on('data', keep)
  started.stderr.on('data', keep)
  const until = Date.now() + startMs
  while (!(await program.answers(home, port))) {
    if (started.exitCode !== null || started.signalCode !== null) throw new Error(`it ended at once: ${output}`)
    if (Date.now() > until) throw new Error(`it did not answer within ${startMs} ms: ${output}`)
    await sleep(30)
  }
}

async function kill(): Promise<void> {
  const running = child
  if (!running || running.exitCode !== null || running.signalCode !== null) return
  const gone = new Promise((resolve) => running.once('exit', resolve))
  running.kill('SIGKILL')
  await gone
}

async function obey(program: Program, order: Order): Promise<Answer> {
  try {
    if (order === 'kill') await kill()
    else await startAgain(program)
    return { url: program.url(home, port) }
  } catch (error) {
    await kill()
    return { failed: error instanceof Error ? error.message : String(error) }
  }
}

/** What a killed server left (shared memory, a lock file) may stand in the way of the next start for a moment. */
async function startAgain(program: Program): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await start(program)
    } catch (error) {
      await kill()
      if (tries === 20) throw error
      await sleep(250)
    }
  }
}

process.on('disconnect', async () => {
  await kill()
  rmSync(home, { recursive: true, force: true })
  process.exit(0)
})
// The terminal sends these to the whole group: the server must still be ended by its keeper.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})

const program = await kinds[kindName as keyof typeof kinds].find()
if ('missing' in program) throw new Error(program.missing)
const prepared = program.prepare?.(home)
process.on('message', async (order: Order) => {
  await prepared
  process.send?.(await obey(program, order))
})
