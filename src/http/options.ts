/** What `httpHandler` can be told, checked at the door. */
import { type Duration, durationMs, type Piecework } from '../index.ts'

export interface HttpOptions {
  /**
   * Says who may. Without it, everybody may look and nobody may change anything; with it, it is asked before every
   * request but `GET /openapi.json`, and who it refuses gets a 403. It sees the method, the URL and the headers; the
   * body is not read before. What it throws refuses as well (503). See {@link bearerToken} for the simplest one.
   * @default nobody may change anything
   */
  readonly authorize?: (request: Request) => boolean | Promise<boolean>
  /** Where the routes begin, as in `/piecework`, when the app has others beside them. @default '' */
  readonly basePath?: string
  /** The most bytes of a request's body. @default 1 MiB */
  readonly bodyLimit?: number
  /** Web sites besides this one whose pages may change things, as in `https://admin.example.org`. @default none */
  readonly origins?: readonly string[]
  /** The names by which clients may call this server, without ports; others get a 403. @default any */
  readonly hosts?: readonly string[]
  /** How often a silent stream of events says that it is alive. @default '15s' */
  readonly heartbeat?: Duration
  /** The name of the task that cleans up, for Party's status. @default 'cleanup', as of `cleanup()` */
  readonly cleanup?: string
  /**
   * `true`: the status and the metrics count whatever the storage holds, not what this instance has definitions of alone.
   * @default false
   */
  readonly all?: boolean
}

/** The options in one form. */
export interface CheckedHttpOptions {
  readonly authorize: HttpOptions['authorize']
  readonly basePath: string
  readonly bodyLimit: number
  readonly origins: ReadonlySet<string>
  readonly hosts: ReadonlySet<string> | undefined
  readonly heartbeatMs: number
  readonly cleanup: string
  readonly all: boolean
}

export const httpOptionNames = [
  'authorize',
  'basePath',
  'bodyLimit',
  'origins',
  'hosts',
  'heartbeat',
  'cleanup',
  'all',
] as const satisfies readonly (keyof HttpOptions)[]

/** @throws TypeError naming the option. */
export function checkHttpOptions(work: Piecework, options: HttpOptions): CheckedHttpOptions {
  if (typeof work?.add !== 'function') throw expected('work', 'what `piecework(...)` gives', work)
  checkNames(options, httpOptionNames)
  const { authorize, basePath = '', bodyLimit = 1 << 20, origins = [], hosts, heartbeat = '15s' } = options
  const { cleanup = 'cleanup', all = false } = options
  if (authorize !== undefined && typeof authorize !== 'function') throw expected('authorize', 'a function', authorize)
  if (typeof basePath !== 'string' || !/^(?:\/[\w.~-]+)*$/.test(basePath)) {
    throw expected('basePath', "a path like '/piecework'", basePath)
  }
  if (!Number.isSafeInteger(bodyLimit) || bodyLimit < 1) throw expected('bodyLimit', 'bytes, from 1 and up', bodyLimit)
  if (typeof cleanup !== 'string') throw expected('cleanup', 'the name of a task', cleanup)
  if (typeof all !== 'boolean') throw expected('all', 'true or false', all)
  return {
    authorize,
    basePath,
    bodyLimit,
    origins: new Set(texts('origins', origins).map((origin) => originOf(origin))),
    hosts: hosts && new Set(texts('hosts', hosts).map((host) => host.toLowerCase())),
    heartbeatMs: durationMs('heartbeat', heartbeat, 10),
    cleanup,
    all,
  }
}

/** @throws TypeError on an option that there is not: a misspelt one must not be silently ignored. */
export function checkNames(options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw expected('options', 'an object', options)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`Expected \`options\` to hold only ${known.join(', ')}, got \`${unknown.slice(0, 60)}\``)
  }
}

export function expected(option: string, expectation: string, value: unknown): TypeError {
  const shown =
    typeof value === 'object' || typeof value === 'function' ? 'another' : `\`${String(value).slice(0, 60)}\``
  return new TypeError(`Expected \`${option}\` to be ${expectation}, got ${shown} (${typeof value})`)
}

function texts(option: string, value: readonly string[]): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
  throw expected(option, 'an array of strings', value)
}

function originOf(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text
  throw expected('origins', "made of origins like 'https://admin.example.org'", text)
}
