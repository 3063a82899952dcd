/** A process whose handler leaks a rejection that nobody handles: node leak.ts ADDRESS LOG */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { piecework } from '../../src/index.ts'
import { addressIn, openAt } from '../servers/places.ts'
import { writingTask } from './points.ts'

const [address, log = ''] = process.argv.slice(2)
const definition = writingTask((line) => {
  appendFileSync(log, line)
  void sleep(20).then(() => Promise.reject(new Error('nobody waits for this')))
})
const work = piecework({ storage: await openAt(addressIn(address)), definitions: [definition], concurrency: 1 })
const slow = { round: 'leak', index: 0 }
await work.add([definition.with(slow, { id: 'first' }), definition.with(slow, { id: 'later', delay: '1h' })])
await work.start()
