/** Runs the program `piecework` as a shell would: in a process of its own, into a pipe or on a terminal. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { builtFile } from '../package/fresh.ts'
import type { Address } from '../servers/places.ts'

/** `npm test` has built it: a few files load in a third of the time that a hundred sources take, some hundred times. */
const main = builtFile('cli.js') ?? join(import.meta.dirname, '../../src/cli/main.ts')

export interface Ran {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** By which Node decides about colours: a test must see the same wherever it runs. */
const ofColours = ['CI', 'COLORTERM', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'NO_COLOR', 'TEAMCITY_VERSION', 'TMUX']

/** What the program is told besides its arguments. The servers of the tests take any credentials of AWS. */
function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = new Set([...ofColours, 'PIECEWORK_STORAGE'])
  const inherited = Object.entries(process.env).filter(([name]) => !own.has(name))
  const aws = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
  return { ...Object.fromEntries(inherited), TERM: 'xterm-256color', ...aws, ...more }
}

/** Its standard output is a pipe. Ended by force after half a minute. */
export function cli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { env: environment(env), timeout: 30_000, killSignal: 'SIGKILL', maxBuffer: 64 << 20 } as const
    const child = execFile(process.execPath, [main, ...args], options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? child.signalCode ?? 'unknown', stdout, stderr })
    })
  })
}

export interface Shell {
  /** What it has printed so far. */
  readonly said: { readonly stdout: string; readonly stderr: string }
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<Ran>
}

/** Starts a line of bash, in which `$piecework` is the program. */
export function start(line: string, env: Readonly<Record<string, string>> = {}): Shell {
  const program = `'${process.execPath}' '${main}'`
  const child = spawn('bash', ['-c', line.replaceAll('$piecework', program)], {
    env: environment(env),
    stdio: 'pipe',
    timeout: 30_000,
    killSignal: 'SIGKILL',
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  const ended = new Promise<Ran>((resolve) => {
    child.on('close', (code, signal) => resolve({ code: code ?? signal ?? 'unknown', ...said }))
  })
  return { said, child, ended }
}

export function shell(line: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return start(line, env).ended
}

/** What `--storage` is told for a place of the tests. */
export function urlOf(address: Address): string {
  switch (address.kind) {
    case 'sqlite':
      return `sqlite:${address.file}`
    case 'postgres':
      return withQuery(address.url, `schema=${address.schema}`)
    case 'mongo':
      return withQuery(address.url, `collectionPrefix=${address.collectionPrefix}`)
    case 'dynamodb':
      return `dynamodb://${address.table}?region=us-east-1&endpoint=${encodeURIComponent(address.endpoint)}`
  }
}

function withQuery(url: string, parameter: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${parameter}`
}
