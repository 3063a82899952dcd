/** The shop whose prices are wanted, on this machine: fast pages, slow ones, and some that are no good. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'

export const pageCount = 60

/** Page 7 never answers. */
const silent = 7

export interface Shop {
  /** Where it is: at another port each time. */
  readonly url: string
  close(): void
}

export async function openShop(): Promise<Shop> {
  /** How often each page was asked for. */
  const visits = new Map<number, number>()
  const server = createServer(({ url = '' }, response) => {
    const page = Number(url.split('/').at(-1))
    const visit = (visits.get(page) ?? 0) + 1
    visits.set(page, visit)
    if (page !== silent) void answer(page, visit, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(page: number, visit: number, response: ServerResponse): Promise<void> {
  const isSlow = page % 10 === 3
  await after(isSlow ? 400 + page * 6 : 40 + ((page * 37) % 160))
  const status = statusOf(page, visit)
  response.writeHead(status, { 'content-type': 'text/html' })
  const price = 199.99 + ((page * 137) % 1800)
  response.end(status === 200 ? `<h1>Laptop ${page}</h1><p class="price">${price.toFixed(2)}</p>` : '')
}

/** Some pages are gone, some fail now and then, some always. */
function statusOf(page: number, visit: number): number {
  if (page % 30 === 12) return 404
  if (page % 20 === 9) return 500
  return page % 10 === 6 && visit % 2 === 1 ? 503 : 200
}
