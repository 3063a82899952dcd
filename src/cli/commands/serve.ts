/** `piecework serve`: the HTTP face on a storage, until it is told to end. */
import { readFileSync } from 'node:fs'
import type { Piecework } from '../../index.ts'
import { UsageError } from '../failure.ts'
import { jsonLine, type Output, write } from '../output.ts'

export interface ServeFlags {
  readonly port?: number
  readonly unix?: string
  readonly tokenFile?: string
}

/** @throws UsageError on a token that cannot be; the system's error where it cannot listen. */
export async function serve(work: Piecework, flags: ServeFlags, output: Output): Promise<void> {
  const { port, unix, tokenFile } = flags
  const { bearerToken, serveHttp } = await import('../../http/index.ts')
  const authorize = tokenFile === undefined ? undefined : bearerToken(tokenIn(tokenFile))
  const server = await serveHttp(work, {
    all: true,
    ...(authorize ? { authorize } : {}),
    ...(unix === undefined ? {} : { path: unix }),
    ...(port === undefined ? {} : { port }),
  })
  try {
    const { address } = server
    const what = authorize ? 'for who has the token' : 'nobody may change anything'
    await write(output, [output.isTTY ? `Listening at ${address}, ${what}. Ctrl-C ends it.\n` : jsonLine({ address })])
    await ended()
  } finally {
    await server.close()
  }
}

/** Editors end a file with a line end, which is none of the secret. */
function tokenIn(file: string): string {
  const token = readFileSync(file, 'utf8').trim()
  if (token.length >= 16 && /^[\x21-\x7e]+$/.test(token)) return token
  throw new UsageError(`Expected ${file} to hold one word of 16 characters or more`)
}

/** At Ctrl-C, or when a supervisor says so; a second one ends the process at once. */
function ended(): Promise<void> {
  const signals = ['SIGINT', 'SIGTERM'] as const
  return new Promise((resolve) => {
    const end = () => {
      for (const signal of signals) process.off(signal, end)
      resolve()
    }
    for (const signal of signals) process.on(signal, end)
  })
}
