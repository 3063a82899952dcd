/** The simplest `authorize`: one secret that callers send along. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** Shorter ones can be guessed by trying. */
const shortest = 16

/**
 * An `authorize` that lets through who sends `Authorization: Bearer <token>`. How long it takes says nothing of how much
 * of a wrong token was right.
 * @throws TypeError on a token of fewer than 16 characters, such as one that the environment does not have.
 */
export function bearerToken(token: string | undefined): (request: Request) => boolean {
  if (typeof token !== 'string' || token.length < shortest) {
    // What came is a secret, or nearly one: it is not said.
    throw new TypeError(`Expected \`token\` to be a text of ${shortest} characters or more`)
  }
  const wanted = digest(token)
  return (request) => {
    const [, given] = /^bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
    return given !== undefined && timingSafeEqual(digest(given), wanted)
  }
}

/** Of one length, whatever it is of. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
