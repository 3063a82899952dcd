/** A process that fans ten thousand items out, and kills itself at item 4,317: node crashing.ts ADDRESS LOG WHERE */
import { appendFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { piecework, type TaskContext, task } from '../../../src/index.ts'
import { die, keepCompiled } from '../../kill/death.ts'
import { addressIn, openAt } from '../../servers/places.ts'

export const values = 10_000
export const deadly = 4_317
export const attribute = 'store_source_id'

/** `read`: when so many items were read. `run`: in the execution of its so-many-th value, others beside it. */
export type Where = 'read' | 'run'

/** The consumer: it leaves a line of each execution that began. */
export function consumerThat(logs: (item: number) => void) {
  return task('availability', {
    run: ({ input }: TaskContext<{ readonly item: number }>) => {
      logs(input.item)
      return input.item
    },
  })
}

export function* items(read: (count: number) => void = () => {}) {
  for (let item = 0; item < values; item++) {
    read(item)
    yield { [attribute]: item, name: `store ${item}` }
  }
}

async function live(): Promise<void> {
  const [address, log = '', where] = process.argv.slice(2)
  keepCompiled()
  let executions = 0
  const consumer = consumerThat((item) => {
    appendFileSync(log, `${item}\n`)
    if (where === 'run' && ++executions === deadly) die()
  })
  const work = piecework({ storage: await openAt(addressIn(address)), definitions: [consumer], concurrency: 200 })
  await work.start()
  const read = (count: number) => {
    if (where === 'read' && count === deadly) die()
  }
  await work.dispatch({ items: items(read), attribute, to: consumer, workers: 500 })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await live()
