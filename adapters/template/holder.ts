/** A process of a race: `race({ spawn })` starts it, tells it what to do, and may kill it. It MUST open the same rows. */
import { hold } from 'piecework/conformance'
import { openTemplate } from './index.ts'

const [port, prefix] = process.argv.slice(2)

hold(() => openTemplate({ port: Number(port), prefix: String(prefix) }))
