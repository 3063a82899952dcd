/** What a task can say whose handler runs in threads, and what the compiler makes of its module. */
import { availableParallelism } from 'node:os'
import { expected, expectInteger } from '../../core/expect.ts'
import type { ThreadPlace } from '../place.ts'

export interface ThreadOptions {
  /** A module whose default export is the handler: `new URL('./encode.ts', import.meta.url)`. It needs `piscina`. */
  readonly file: URL
  /** How many threads this definition has in one process, each with one attempt at a time. @default one for each core */
  readonly threads?: number
  /** A thread whose heap grows over so many megabytes ends, and its attempt has failed. @default what Node allows */
  readonly memoryMb?: number
}

/** A module of a handler, as `typeof import('./encode.ts')` says it. */
export interface HandlerModule {
  readonly default: (context: never) => unknown
}

/** What the handler of a module takes as its input. */
export type InputOf<Module extends HandlerModule> = HandlerModule extends Module
  ? unknown
  : Module['default'] extends (context: infer Context) => unknown
    ? Context extends { readonly input: infer Input }
      ? Input
      : unknown
    : never

/** What the handler of a module resolves with. */
export type ResultOf<Module extends HandlerModule> = HandlerModule extends Module
  ? unknown
  : Awaited<ReturnType<Module['default']>>

/** @throws TypeError naming the option. */
export function checkThreads(
  options: Partial<ThreadOptions> & { readonly run?: unknown; readonly concurrency?: number },
): ThreadPlace | undefined {
  const { file, threads, memoryMb, run, concurrency } = options
  if (file === undefined) {
    if (threads === undefined && memoryMb === undefined) return undefined
    throw new TypeError('Expected `threads` and `memoryMb` only beside `file`')
  }
  if (run !== undefined) throw new TypeError('Expected one of `run` and `file`, got both')
  if (concurrency !== undefined) throw new TypeError('Expected `threads` in the place of `concurrency` beside `file`')
  if (!(file instanceof URL) || file.protocol !== 'file:') {
    throw expected('file', "the URL of a file, such as new URL('./encode.ts', import.meta.url)", file)
  }
  return {
    kind: 'threads',
    file: new URL(file),
    threads: threads === undefined ? availableParallelism() : expectInteger('threads', threads, 1, 1_024),
    memoryMb: memoryMb === undefined ? undefined : expectInteger('memoryMb', memoryMb, 8),
  }
}
