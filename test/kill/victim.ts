/** A process that adds tasks, begins to run them, and kills itself at one exact point: node victim.ts ADDRESS LOG POINT ROUND */
import { appendFileSync, writeSync } from 'node:fs'
import { piecework } from '../../src/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { addressIn, openAt } from '../servers/places.ts'
import { die, keepCompiled } from './death.ts'
import { isPoint, tasksPerRound, writingTask } from './points.ts'

const [address, log = '', point = '', round = ''] = process.argv.slice(2)
if (!isPoint(point)) throw new TypeError(`no such point: ${point}`)

keepCompiled()

/** The storage, with a death before or after its calls. */
function deadly(storage: Storage): Storage {
  return Object.assign(Object.create(storage) as Storage, {
    async claim(request: Parameters<Storage['claim']>[0]) {
      const rows = await storage.claim(request)
      if (point === 'claimed' && rows.length > 0) die()
      return rows
    },
    async apply(changes: Parameters<Storage['apply']>[0]) {
      if (point === 'finished' || point === 'failed') die()
      const results = await storage.apply(changes)
      if (point === 'settled') die()
      return results
    },
  })
}

const definition = writingTask((line) => {
  appendFileSync(log, line)
  if (point === 'running') die()
  if (point === 'failed') throw new Error('the attempt before the kill')
})
const work = piecework({ storage: deadly(await openAt(addressIn(address))), definitions: [definition] })
const added = await work.add(Array.from({ length: tasksPerRound }, (_, index) => definition.with({ round, index })))
// Only what is printed here was acknowledged.
writeSync(1, JSON.stringify(added.map(({ id }) => id)))
await work.start()
