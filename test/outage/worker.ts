/** A process that works on a storage until it is told to stop: node worker.ts ADDRESS LOG OPTIONS */
import { type PieceworkOptions, piecework } from '../../src/index.ts'
import { addressIn, openAt } from '../servers/places.ts'
import { stepTask } from './definition.ts'

const [address, log = '', options = '{}'] = process.argv.slice(2)
const work = piecework({
  storage: await openAt(addressIn(address)),
  definitions: [stepTask(log)],
  ...(JSON.parse(options) as Partial<PieceworkOptions>),
})
process.on('disconnect', () => process.exit(0))
process.on('message', async () => {
  const report = await work.close({ timeout: 10_000 })
  process.send?.({ stopped: report })
})
await work.start()
process.send?.('started')
