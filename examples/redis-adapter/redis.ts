/** Piecework's rows in Redis. Each verb is a call of one script, and all keys are in one slot of a cluster. */
import { type Finding, isOwnWrite, type Page, type Row, type Storage, StorageError } from 'piecework/storage'
import { createClient, type RedisClientType } from 'redis'
import { script } from './script.ts'

type Lists = { names?: readonly string[]; states?: readonly string[] }
type Question = Lists & { parent?: string; key?: string; doneBefore?: number; claimedBy?: string; until?: number }

/** Below half a lease. The driver limits how long a command waits to be sent, but not how long for its answer. */
const TIME_LIMIT_MS = 10_000
const VERSION = '1'
const NUL = '\0'
const NUMBERS = ['priority', 'wakeAt', 'rev', 'tries', 'doneAt']
const toText = (_: string, it: unknown) => (typeof it === 'number' ? String(it).padStart(16, '0') : (it ?? NUL))
const fromText = (field: string, it: unknown) => (it === NUL ? null : NUMBERS.includes(field) ? Number(it) : it)

/** Opens a storage: on a client of the app, which `close()` leaves open, or on a server that it connects to itself. */
export async function redis(server: string | RedisClientType, { prefix = 'piecework' } = {}): Promise<Storage> {
  if (!/^[\w-]{1,50}$/.test(prefix))
    throw new TypeError(`Expected \`prefix\` to be 1 to 50 of A-Za-z0-9_-, got \`${prefix}\` (${typeof prefix})`)
  const isOwn = typeof server === 'string'
  const client = isOwn ? createClient({ url: server }).on('error', () => {}) : server
  const keyOf = (what: string) => `{${prefix}}:${what}`
  const closing = new AbortController()
  let [latest, durable] = [0, false]

  async function ask<T>(question: () => Promise<T>): Promise<T> {
    if (closing.signal.aborted) throw new StorageError('closed', 'The storage was closed before this call')
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`No answer within ${TIME_LIMIT_MS} ms`)), TIME_LIMIT_MS)
    })
    return Promise.race([question(), late]).finally(() => clearTimeout(timer))
  }

  async function run<T>(verb: string, input: unknown): Promise<T[]> {
    // The text, not its digest: 5 KB a batch, and a server that was started anew need not learn it first.
    const args = [verb, JSON.stringify(input, toText), keyOf('wake')]
    const answer = await ask(() => client.eval(script, { keys: [keyOf('index'), keyOf('row:')], arguments: args }))
    return Object.values(JSON.parse(String(answer), fromText)) // an empty table of Lua is an object in JSON
  }

  /** Looks at `limit` rows from behind an id, or what else the lane goes by; and at more while none of them fits. */
  async function pageOf(by: Question, limit: number, from = ''): Promise<Page> {
    const lanes = Object.fromEntries(lanesOf(by).map((lane) => [lane, limit]))
    const input = { lanes, after: from, to: by.doneBefore ?? '\x7f', limit } // \x7f is behind all ids
    const [after, ...all] = (await run('find', input)) as [string | null, ...Row[]]
    const fits = ({ name, state }: Row) => (by.names?.includes(name) ?? true) && (by.states?.includes(state) ?? true)
    const rows = all.filter((row) => fits(row) && row.holder === (by.claimedBy ?? row.holder))
    return rows.length === 0 && after !== null ? pageOf(by, limit, after) : { rows, after }
  }

  async function examine(): Promise<Finding[]> {
    const [version, info] = await Promise.all([client.get(keyOf('schema')), client.info()])
    if (version !== VERSION) throw new StorageError('newer_schema', `Version ${version} of the adapter made the keys`)
    const { appendfsync } = await client.configGet('appendfsync').catch(() => ({ appendfsync: 'not told' }))
    // With `everysec` an answer may come two seconds before the write has left the server's memory.
    const level = info.includes('aof_enabled:1') && appendfsync === 'always' ? 'ok' : 'warning'
    const eviction = info.includes('maxmemory_policy:allkeys') ? 'error' : 'ok'
    return [
      { level, about: 'durability', message: 'Wanted are `appendonly yes` and `appendfsync always`.' },
      { level: eviction, about: 'eviction', message: 'Wanted is `maxmemory-policy noeviction`.' },
    ]
  }

  async function close(): Promise<void> {
    closing.abort()
    if (isOwn && client.isOpen) client.destroy()
  }

  try {
    if (isOwn) await ask(() => client.connect())
    await ask(() => client.set(keyOf('schema'), VERSION, { condition: 'NX' }))
    durable = (await ask(examine)).every(({ level }) => level !== 'warning')
  } catch (cause) {
    await close()
    throw cause instanceof StorageError ? cause : new StorageError('not_usable', 'Redis does not serve us', { cause })
  }
  return {
    traits: { durable, shared: true, order: 'exact', batchMax: 500, rowMaxBytes: 500_000, lagMs: 0, leaseMs: 30_000 },
    insert: (rows) => run('insert', rows),
    claim: (request) => run('claim', request),
    extend: (rows, until) => run('extend', { rows: rows.map(({ id, rev }) => ({ id, rev })), until }),
    async apply(changes) {
      const wanted = changes.map(({ row: { id, rev }, next }) => ({ id, rev, next: next && { ...next, rev: rev + 1 } }))
      const found = await run<Row | true | null>('apply', wanted)
      return found.map((row, i) => (row === true || isOwnWrite(changes[i]!, row ?? undefined) ? 'applied' : 'stale'))
    },
    get: async (ids) => (await run<Row | null>('get', ids)).map((row) => row ?? undefined),
    async find(by, limit) {
      const page = await pageOf(by, limit, 'after' in by ? by.after : '')
      return 'key' in by || 'doneBefore' in by || 'claimedBy' in by ? { rows: page.rows, after: null } : page
    },
    async count(by) {
      const counts = new Map<string, Map<string, number>>()
      let counted = 0
      for (let after: string | null = ''; after !== null && counted < by.upTo; ) {
        const page: Page = await pageOf(by, 500, after)
        for (const { name, state } of page.rows.slice(0, by.upTo - counted)) {
          const states = counts.get(name) ?? new Map<string, number>()
          counts.set(name, states.set(state, (states.get(state) ?? 0) + 1))
          counted += 1
        }
        after = page.after
      }
      const entries = [...counts].map(([name, states]) => [name, Object.fromEntries(states)])
      return { counts: Object.fromEntries(entries), capped: counted === by.upTo }
    },
    async now() {
      const [seconds, micros] = await ask(() => client.time())
      latest = Math.max(latest, Number(seconds) * 1000 + Math.floor(Number(micros) / 1000))
      return { now: latest, error: 0 }
    },
    async watch(wake) {
      const listener = client.duplicate().on('error', () => {})
      const stop = () => void (listener.isOpen && listener.destroy())
      closing.signal.addEventListener('abort', stop)
      await ask(() => listener.connect())
      await ask(() => listener.subscribe(keyOf('wake'), () => wake()))
      return stop
    },
    doctor: () => ask(examine),
    close,
  }
}

function lanesOf({ key, parent, doneBefore, names, until }: Question): string[] {
  const due = (name: string, p: number) => `due${NUL}${name}${NUL}${toText('', p)}${NUL}${toText('', until)}${NUL}`
  if (until !== undefined) return names!.flatMap((name) => [...Array(10).keys()].map((p) => due(name, p)))
  if (key !== undefined) return [`key${NUL}${key}${NUL}`]
  if (parent !== undefined) return [`parent${NUL}${parent}${NUL}`]
  if (doneBefore !== undefined) return [`done${NUL}`]
  return names?.map((name) => `name${NUL}${name}${NUL}`) ?? [`name${NUL}`]
}
