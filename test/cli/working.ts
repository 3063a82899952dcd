/** What the tests of `work` and of `--cluster` have in common: an app's folder, its processes, and who of them is alive. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { type Piecework, piecework, task } from '../../src/index.ts'
import { type Shell, start } from './kit.ts'

export const app = join(import.meta.dirname, 'app.ts')
export const token = 'not-so-very-secret'
/** Many processes of other tests start at the same time. */
export const patience = { timeout: 40_000, interval: 50 }

const shells: Shell[] = []

export interface Place {
  readonly folder: string
  readonly file: string
  readonly tokenFile: string
  readonly env: Readonly<Record<string, string>>
  /** Adds orders, and asks after them. */
  readonly work: Piecework
  add(id: string, how: string): Promise<void>
  stateOf(id: string): Promise<string | undefined>
  /** Of all processes that have loaded the module, in their order. */
  pids(): number[]
  close(): Promise<void>
}

export function place(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'piecework-work-'))
  const file = join(folder, 'work.db')
  const tokenFile = join(folder, 'token.txt')
  writeFileSync(tokenFile, token)
  writeFileSync(`${file}.pids`, '')
  const pids = () => readFileSync(`${file}.pids`, 'utf8').split('\n').filter(Boolean).map(Number)
  const order = task('order', { run: (_: { input: { how: string } }) => {} })
  const work = piecework({ storage: sqlite(file), definitions: [order] })
  return {
    folder,
    file,
    tokenFile,
    env: { APP_FILE: file, PIECEWORK_STORAGE: `sqlite:${file}` },
    work,
    add: async (id, how) => void (await work.add(order, { how }, { id })),
    stateOf: async (id) => (await work.get(id))?.state,
    pids,
    async close() {
      // Whoever is left over by a test that failed. Children of those end by themselves.
      for (const { child } of shells.splice(0)) child.kill('SIGKILL')
      for (const pid of pids().filter(isAlive)) process.kill(pid, 'SIGKILL')
      await work.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Runs `piecework ARGS` in a process group of its own, and resolves once it has said that it works. */
export async function begun(args: string, env: Readonly<Record<string, string>>): Promise<Shell & { address: string }> {
  const shell = start(`exec setsid $piecework ${args}`, env)
  shells.push(shell)
  await expect.poll(() => shell.said.stdout + shell.said.stderr, patience).toMatch(/\n/)
  const { address = '' } = JSON.parse(shell.said.stdout.split('\n')[0] || '{}') as { address?: string }
  return { ...shell, address }
}

export async function status(address: string, query = ''): Promise<Record<string, unknown>> {
  const answer = await fetch(`${address}/status${query}`, { headers: { authorization: `Bearer ${token}` } })
  return (await answer.json()) as Record<string, unknown>
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Sends the signal until the program has ended: a busy one may take two for one for longer than it should. */
export async function insist({ child }: Shell, signal: NodeJS.Signals): Promise<void> {
  const isOver = () => child.kill(signal) === false || child.exitCode !== null || child.signalCode !== null
  await expect.poll(isOver, { ...patience, interval: 300 }).toBe(true)
}

export function childrenOf(parent: number): number[] {
  const all = execFileSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return all
    .map((line) => line.trim().split(/ +/).map(Number))
    .flatMap(([pid, ppid]) => (ppid === parent ? [pid!] : []))
}

export async function allGone(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isAlive), patience).toEqual([])
}
