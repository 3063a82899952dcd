/** Who may, from where, by which name: asked before a route is. */
import { Problem } from './answers.ts'
import type { CheckedHttpOptions } from './options.ts'

/** @throws Problem */
export async function guard(request: Request, path: string, options: CheckedHttpOptions): Promise<void> {
  checkHost(request, options)
  checkMethod(request)
  const changes = !['GET', 'HEAD', 'OPTIONS'].includes(request.method)
  if (changes) checkOrigin(request, options)
  if (path !== '/openapi.json') await checkAuthority(request, changes, options)
}

/** A name that an attacker's own domain has been given for this machine is not one of the server's. */
function checkHost(request: Request, { hosts }: CheckedHttpOptions): void {
  if (hosts === undefined || hosts.has(new URL(request.url).hostname.toLowerCase())) return
  throw new Problem(403, 'wrong_host', 'This server does not go by the name that it was called by; see `hosts`')
}

/** `fetch` knows no such request, so that nobody could be asked whether it may be. */
function checkMethod({ method }: Request): void {
  if (method !== 'TRACE') return
  const allow = 'GET, HEAD, POST, DELETE'
  throw new Problem(405, 'method_not_allowed', `Expected the method to be one of ${allow}`, { allow })
}

/** Browsers say where the page is from that sends a request; other clients say nothing. */
function checkOrigin(request: Request, { origins }: CheckedHttpOptions): void {
  const origin = request.headers.get('origin')
  if (origin !== null) {
    // Behind a proxy that ends TLS only the scheme differs.
    if (origins.has(origin) || hostOf(origin) === hostOf(request.url)) return
  } else if (!['cross-site', 'same-site'].includes(request.headers.get('sec-fetch-site') ?? '')) return
  throw new Problem(403, 'wrong_origin', 'A page of another web site may not change anything here; see `origins`')
}

async function checkAuthority(request: Request, changes: boolean, { authorize }: CheckedHttpOptions): Promise<void> {
  if (authorize === undefined) {
    if (!changes) return
    throw new Problem(403, 'read_only', 'Nothing can be changed here: the app gave no `authorize`')
  }
  let may: unknown
  try {
    const { url, method, headers } = request
    // A copy without the body, which is neither read before nor taken from the route.
    may = await authorize(new Request(url, { method, headers }))
  } catch {
    throw new Problem(503, 'unavailable', 'Whether you may do this could not be found out now')
  }
  // Only `true` is a yes: a forgotten await or return is none.
  if (may !== true) throw new Problem(403, 'forbidden', 'You may not do this')
}

/** With the port. Of what is no URL, nothing that is a host. */
function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined
}
