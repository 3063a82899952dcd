/** Connections that the client keeps for later, after one of them did not answer. */
import type { Agent } from 'node:http'
import type { Driver } from './client.ts'

/**
 * Closes those that lie idle: a router that has forgotten one has forgotten all, and each would cost a call its time. Those
 * in use are left alone, since the client may be the app's.
 */
export function closeIdle({ client }: Driver, error: unknown): void {
  // A server that answers, if only that it cannot, was reached.
  if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode !== undefined) return
  // Only a handler of Node's has agents; one of the app's own may have none of this.
  const handler = client.config?.requestHandler as { httpHandlerConfigs?(): object } | undefined
  const agents = Object.values(handler?.httpHandlerConfigs?.() ?? {}).filter(hasFreeSockets)
  for (const { freeSockets } of agents) {
    for (const sockets of Object.values(freeSockets)) for (const socket of sockets ?? []) socket.destroy()
  }
}

function hasFreeSockets(value: unknown): value is Pick<Agent, 'freeSockets'> {
  return typeof value === 'object' && value !== null && 'freeSockets' in value
}
