/** A process that adds a job or works it off, and kills itself at one exact point: node job-victim.ts ADDRESS LOG POINT ID */
import { appendFileSync } from 'node:fs'
import { piecework } from '../../src/index.ts'
import type { Change, Row, Storage } from '../../src/storage/index.ts'
import { addressIn, openAt } from '../servers/places.ts'
import { die, keepCompiled } from './death.ts'
import {
  type AddingPoint,
  addingPoints,
  type EndingPoint,
  fewParts,
  manyParts,
  partsOf,
  summingJob,
} from './job-points.ts'

const [address, log = '', point = '', id = ''] = process.argv.slice(2)
const isAdding = Object.hasOwn(addingPoints, point)
keepCompiled()

let inserts = 0
let ended = 0

/** Which of the ends of a job these changes are. */
function endIn(changes: readonly Change[]): {
  readonly lastPart: boolean
  readonly due: boolean
  readonly over: boolean
} {
  ended += changes.filter(({ row, next }) => row.parent !== null && next?.state === 'completed').length
  const ofJob = changes.find(({ row }) => row.parent === null)
  const state = ofJob?.next?.state
  const isFirst = ofJob?.row.state === 'mapping'
  return { lastPart: ended === fewParts && !ofJob, due: isFirst && state === 'reducing', over: state === 'completed' }
}

/** The storage, with a death before or after its calls. */
function deadly(storage: Storage): Storage {
  const dieAt = (now: AddingPoint | EndingPoint, isSo: boolean) => {
    if (now === point && isSo) die()
  }
  return Object.assign(Object.create(storage) as Storage, {
    async insert(rows: readonly Row[]) {
      const results = await storage.insert(rows)
      inserts++
      for (const adding of ['opened', 'begun', 'added'] as const) {
        dieAt(adding, inserts === addingPoints[adding].inserts)
      }
      return results
    },
    async apply(changes: readonly Change[]) {
      const { lastPart, due, over } = endIn(changes)
      dieAt('asked', due)
      dieAt('reduced', over)
      const results = await storage.apply(changes)
      dieAt('sealed', changes[0]?.next?.state === 'mapping')
      dieAt('parted', lastPart)
      dieAt('due', due)
      dieAt('committed', over)
      return results
    },
  })
}

const definition = summingJob((line) => {
  appendFileSync(log, line)
  if (point === 'reducing' && line.startsWith('reduce')) die()
})
const work = piecework({ storage: deadly(await openAt(addressIn(address))), definitions: [definition] })
await work.run(definition, partsOf(isAdding ? manyParts : fewParts), { id })
if (!isAdding) await work.start()
