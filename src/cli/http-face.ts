/** The HTTP face of an instance, as `serve` and `work` open it. */
import { readFileSync } from 'node:fs'
import type { HttpServer } from '../http/index.ts'
import type { Piecework } from '../index.ts'
import { UsageError } from './failure.ts'

export interface HttpFlags {
  readonly port?: number
  readonly unix?: string
  readonly tokenFile?: string
}

/** @throws UsageError on a token that cannot be; the system's error where it cannot listen. */
export async function openHttp(work: Piecework, flags: HttpFlags): Promise<HttpServer> {
  const { port, unix, tokenFile } = flags
  const { bearerToken, serveHttp } = await import('../http/index.ts')
  return serveHttp(work, {
    all: true,
    ...(tokenFile === undefined ? {} : { authorize: bearerToken(tokenIn(tokenFile)) }),
    ...(unix === undefined ? {} : { path: unix }),
    ...(port === undefined ? {} : { port }),
  })
}

/** What a person is told of it. */
export function whoMay({ tokenFile }: HttpFlags): string {
  return tokenFile === undefined ? 'nobody may change anything' : 'for who has the token'
}

/** Editors end a file with a line end, which is none of the secret. */
function tokenIn(file: string): string {
  const token = readFileSync(file, 'utf8').trim()
  if (token.length >= 16 && /^[\x21-\x7e]+$/.test(token)) return token
  throw new UsageError(`Expected ${file} to hold one word of 16 characters or more`)
}
