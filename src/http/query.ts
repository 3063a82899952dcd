/** What stands behind the `?`: texts, few and short, and numbers within their bounds. */
import { Problem } from './answers.ts'

/** More is no question of a person's. */
const mostValues = 100
const longestValue = 256

/** How many a page has where nobody says, and the most that it has whatever anybody says. */
const usualLimit = 50
const mostLimit = 1_000

export class Query {
  readonly #given: URLSearchParams

  /** @throws Problem 400 on what the route does not know. */
  constructor(given: URLSearchParams, known: readonly string[]) {
    this.#given = given
    let values = 0
    for (const [name, value] of given) {
      if (!known.includes(name)) {
        const what = known.length === 0 ? 'nothing' : known.join(', ')
        throw new Problem(400, 'bad_request', `Expected the query to hold only ${what}`)
      }
      if (value.length > longestValue || ++values > mostValues) {
        throw new Problem(400, 'bad_request', `Expected a query of ${mostValues} values of ${longestValue} characters`)
      }
    }
  }

  one(name: string): string | undefined {
    return this.#given.get(name) ?? undefined
  }

  /** All of `?name=a&name=b`; `undefined` where there is none. */
  all(name: string): string[] | undefined {
    return this.#given.has(name) ? this.#given.getAll(name) : undefined
  }

  /** How many a page shall have: 1 to 1,000, the nearest to what was asked for. */
  get limit(): number {
    const asked = Math.trunc(Number(this.one('limit') ?? usualLimit))
    return Number.isNaN(asked) ? usualLimit : Math.min(mostLimit, Math.max(1, asked))
  }
}
