/** Who may import whom, and who may read time or chance: the one table that imports.test.ts holds every file to. */

export interface Room {
  /** How the paths of its files begin. The first room that fits is the one that counts. */
  files: string
  /** What it may import of the repository besides its own folder, again as beginnings of paths. */
  rooms?: readonly string[]
  /** What of the repository it may import only when it is needed (`await import('./x.ts')`), or as a type. */
  lazyRooms?: readonly string[]
  /** Packages it may import. */
  packages?: readonly string[]
  /** Packages it may import with `import type` alone: nothing of them is left at run time. */
  types?: readonly string[]
  /** What it may import as a type or when it is needed (`await import('pg')`), never by merely being loaded. */
  lazy?: readonly string[]
  /** Built-in modules; `all` but those that stand under `lazy`. */
  builtins?: readonly string[] | 'all'
  /** Nothing but `export ... from`. */
  reexportsOnly?: true
  /** It loads a module of the app's own, by the name that the app gave. */
  computed?: true
}

const core = 'src/core/'
const storage = 'src/storage/'
const runner = 'src/runner/'
const frontDoor = 'src/index.ts'
/** An adapter sees what is published for its authors, as any author outside this repository does. */
const storageDoor = 'src/storage/index.ts'
const suite = ['node:assert', 'node:assert/strict', 'node:child_process']

/** An app without a driver must be able to load every adapter, so each driver is lazy. */
function adapter(name: string, ...lazy: string[]): Room {
  return { files: `adapters/${name}/`, rooms: [storageDoor], builtins: 'all', lazy }
}

export const rooms: readonly Room[] = [
  { files: frontDoor, rooms: [core, storage, runner], reexportsOnly: true },
  { files: core },
  { files: storage, rooms: [core] },
  { files: 'src/runner/randomness.ts', builtins: ['node:crypto'] },
  { files: 'src/runner/hash.ts', builtins: ['node:crypto'] },
  // The handler is a module that the app names. This file is an entry of its own, and runs where the others do not.
  { files: 'src/runner/threads/thread.ts', rooms: [core], types: ['node:worker_threads'], computed: true },
  {
    files: 'src/runner/threads/',
    rooms: [core],
    packages: ['p-queue'],
    lazy: ['piscina'],
    builtins: ['node:worker_threads', 'node:fs/promises', 'node:os', 'node:url'],
  },
  {
    files: runner,
    rooms: [core, storage],
    packages: ['p-queue', 'ms', 'croner'],
    types: ['typed-emitter', '@standard-schema/spec'],
    builtins: ['node:events', 'node:perf_hooks', 'node:os'],
  },
  { files: 'src/cleanup/', rooms: [core, runner], packages: ['rotating-file-stream'], builtins: 'all' },
  { files: 'src/testing/', rooms: [core, storage, runner], packages: ['fast-check'] },
  { files: 'src/conformance/model', rooms: [storage], packages: ['fast-check'], builtins: suite },
  { files: 'src/conformance/', rooms: [storage], builtins: suite },
  {
    files: 'src/http/',
    rooms: [frontDoor],
    packages: ['hono', '@hono/node-server'],
    builtins: 'all',
  },
  // The app's module, as `piecework work` is told.
  { files: 'src/cli/app.ts', rooms: [frontDoor], builtins: 'all', computed: true },
  // Each storage's adapter, and its driver with it, is loaded by the command line that names it; the server by `serve`.
  {
    files: 'src/cli/',
    rooms: [frontDoor],
    lazyRooms: ['adapters/', 'src/http/'],
    packages: ['commander', 'cli-progress', 'cli-table3'],
    builtins: 'all',
  },
  adapter('memory'),
  // Node 20 has no `node:sqlite`; there the app passes a better-sqlite3 database.
  adapter('sqlite', 'node:sqlite', 'better-sqlite3'),
  adapter('postgres', 'pg'),
  adapter('mongo', 'mongodb'),
  adapter('dynamodb', '@aws-sdk/*'),
  // It is copied as it stands, so it names the package as its copy will.
  { files: 'adapters/template/', packages: ['piecework/storage', 'piecework/conformance', 'vitest'], builtins: 'all' },
  // Zod stands for any Standard Schema, cli-progress draws the demo's bar, redis is for the adapter of one's own; the rest
  // of what an example needs, Node has.
  { files: 'examples/', packages: ['piecework', 'piecework/*', 'zod', 'cli-progress', 'redis'], builtins: 'all' },
  // The peers that it is measured against live in its own package.json, not in the library's; servers are the tests' own.
  { files: 'bench/', rooms: ['test/servers/'], packages: ['*'], builtins: 'all' },
]

export interface Source {
  /** What the forbidden names are for, as it is said in the report. */
  of: string
  names: readonly string[]
  /** The only files that may use them. */
  homes: readonly string[]
}

/** Names of the language and of Node, by which a file would read time, wait or draw chance behind the caller's back. */
export const sources: readonly Source[] = [
  {
    of: 'time',
    // `new Date()` stands for the call without arguments; `new Date(at)` only converts.
    names: ['Date.now', 'new Date()', 'performance', 'process.hrtime', 'Temporal.Now'],
    // The adapter tells its operator how far the database's clock is from this machine's.
    homes: [
      'src/runner/clock.ts',
      'src/http/time.ts',
      'adapters/memory/time.ts',
      'adapters/template/database/server.ts',
      'adapters/postgres/time.ts',
      'adapters/dynamodb/time.ts',
      'adapters/mongo/time.ts',
    ],
  },
  {
    of: 'timers',
    names: [
      'setTimeout',
      'setInterval',
      'setImmediate',
      'AbortSignal.timeout',
      'Atomics.wait',
      'node:timers',
      'node:timers/promises',
    ],
    homes: [
      'src/runner/clock.ts',
      'src/conformance/waiting.ts',
      'src/cli/pause.ts',
      'src/http/time.ts',
      'adapters/postgres/time.ts',
      'adapters/dynamodb/time.ts',
      'adapters/mongo/time.ts',
    ],
  },
  {
    of: 'chance',
    names: ['Math.random', 'crypto', 'node:crypto'],
    homes: [
      'src/runner/randomness.ts',
      // A hash is no chance, but Node has both in one module.
      'src/runner/hash.ts',
      'src/http/bearer.ts',
      'adapters/postgres/time.ts',
      'adapters/dynamodb/chance.ts',
      'adapters/mongo/chance.ts',
    ],
  },
]
