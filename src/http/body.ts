/** Reads a JSON body, and never more of it than allowed. */
import { Problem } from './answers.ts'

const jsonType = /^application\/(?:[\w.-]+\+)?json *(?:; *charset="?utf-?8"? *)?$/i

/** @throws Problem 400, 413 or 415 */
export async function readJson(request: Request, limit: number): Promise<unknown> {
  checkType(request)
  const text = decode(await readBytes(request, limit))
  try {
    return JSON.parse(text)
  } catch {
    throw new Problem(400, 'malformed_json', 'The body is not JSON')
  }
}

/** A route that takes no body: one of another type than JSON was sent by a form, or by mistake. @throws Problem 413, 415 */
export function expectNoBody(request: Request, limit: number): void {
  const length = Number(request.headers.get('content-length') ?? 0)
  if (length > limit) throw tooLarge(limit)
  if (length > 0 || request.headers.has('content-type')) checkType(request)
}

function checkType(request: Request): void {
  if (!jsonType.test(request.headers.get('content-type') ?? '')) {
    throw new Problem(415, 'not_json', 'Send JSON, with `content-type: application/json`')
  }
  const coding = request.headers.get('content-encoding') ?? 'identity'
  // A small body that swells is how to get around a limit.
  if (coding !== 'identity') throw new Problem(415, 'encoded', 'Send the body as it is, without a content-encoding')
}

async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(limit)
  const chunks: Uint8Array[] = []
  let bytes = 0
  if (request.body) {
    for await (const chunk of request.body) {
      bytes += chunk.byteLength
      // Leaving the loop cancels what is still to come.
      if (bytes > limit) throw tooLarge(limit)
      chunks.push(chunk)
    }
  }
  return Buffer.concat(chunks)
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Problem(400, 'malformed_json', 'The body is not UTF-8')
  }
}

function tooLarge(limit: number): Problem {
  return new Problem(413, 'too_large', `A body may have ${limit} bytes`)
}
