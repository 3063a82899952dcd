/** A process of a race: the suite starts it, tells it what to do, and may kill it. */
import { hold } from 'piecework/conformance'
import { redis } from './redis.ts'

const [url, prefix] = process.argv.slice(2)

hold(() => redis(String(url), { prefix: String(prefix) }))
