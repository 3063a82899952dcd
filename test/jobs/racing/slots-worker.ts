/** A process that works on jobs with slots and tells of each part's beginning and end: node slots-worker.ts FILE LOG */
import { appendFileSync } from 'node:fs'
import { sqlite } from '../../../adapters/sqlite/index.ts'
import { piecework } from '../../../src/index.ts'
import { slotsJob } from './slots-job.ts'

const [file = '', log = ''] = process.argv.slice(2)
const work = piecework({
  storage: sqlite(file, { synchronous: 'normal' }),
  definitions: [slotsJob((line) => appendFileSync(log, line))],
  concurrency: 8,
  poll: '200ms',
  logger: { info() {}, warn() {}, error() {} },
})
process.on('disconnect', () => process.exit(0))
process.once('message', async () => {
  await work.close({ timeout: '10s' })
  process.disconnect()
})
await work.start()
process.send?.('working')
