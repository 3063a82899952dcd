/** Redis: the one on the path, else Debian's package, with every write flushed before it is acknowledged. */
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { debianFolder, libraryFolder } from './debian.ts'
import type { Kind, Program } from './server.ts'

/** The first is but a link into the second; then come libraries that a machine may lack. */
const packages = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1']

export const redis: Kind = {
  variable: 'REDIS_URL',
  async find() {
    const folders = (process.env.PATH ?? '').split(delimiter)
    const installed = folders.map((folder) => join(folder, 'redis-server')).find((file) => existsSync(file))
    if (installed) return program(installed, '')
    const folder = await debianFolder('redis', packages)
    if (typeof folder !== 'string') return folder
    return program(join(folder, 'usr/bin/redis-server'), libraryFolder(folder))
  },
}

function program(file: string, libraries: string): Program {
  return {
    source: file,
    command(home, port) {
      const settings = { port, bind: '127.0.0.1', dir: home, appendonly: 'yes', appendfsync: 'always', save: '' }
      const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
      return { file, args, env: libraries ? { LD_LIBRARY_PATH: libraries } : {} }
    },
    url: (_, port) => `redis://127.0.0.1:${port}`,
    answers: (_, port) => isReady(port),
  }
}

/** While it reads its log it says LOADING instead of PONG. */
function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const end = (answers: boolean) => {
      socket.destroy()
      resolve(answers)
    }
    socket.setTimeout(1000, () => end(false))
    socket.on('error', () => end(false))
    socket.on('close', () => resolve(false))
    socket.on('data', (chunk) => end(String(chunk).startsWith('+PONG')))
  })
}
