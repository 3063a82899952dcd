/** Declares tests that need a server: with one of their own, or skipped with the reason printed and counted. */
import { afterAll, describe, test } from 'vitest'
import type { KindName } from './kinds.ts'
import type { Server } from './server.ts'
import { startServer } from './start.ts'

/** `await withServer('postgres', (server) => { test(...) })` at the top of a test file. */
export async function withServer(
  kind: KindName,
  declare: (server: Server) => void | Promise<void>,
  settings?: Readonly<Record<string, string>>,
): Promise<void> {
  const server = await startServer(kind, settings)
  if ('missing' in server) {
    const reason = `no ${kind} server: ${server.missing}`
    console.warn(`skipped: ${reason}`)
    test(`everything that needs a ${kind} server`, ({ skip }) => skip(reason))
    return
  }
  afterAll(() => server.stop())
  describe(`on ${kind}`, () => declare(server))
}
