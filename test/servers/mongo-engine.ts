/**
 * A MongoDB server of its own process: node mongo-engine.ts MODULE DATA SOCKET
 *
 * The embedded engine listens on a socket whose name is new at each start; the link at SOCKET stays the same.
 */
import { renameSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'

interface Engine {
  open(folder: string): Promise<{ readonly socketPath: string }>
}

const [module = '', data = '', socket = ''] = process.argv.slice(2)
const engine = createRequire(import.meta.url)(module) as Engine
const { socketPath } = await engine.open(data)
// A link that a killed server left is replaced in one step.
symlinkSync(socketPath, `${socket}.new`)
renameSync(`${socket}.new`, socket)
