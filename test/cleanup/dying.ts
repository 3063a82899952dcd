/** Cleans up an SQLite file and kills itself at the point that it is told; without one it cleans up to the end. */
import { open } from 'node:fs/promises'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { cleanup } from '../../src/cleanup/index.ts'
import { piecework } from '../../src/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { die, keepCompiled } from '../kill/death.ts'
import { definitions } from './dying-definitions.ts'

const [file = '', folder = '', point = ''] = process.argv.slice(2)

/** The nth synchronisation of a file of this cleanup is the last thing that this process would have done. */
async function dieAtSync(nth: number): Promise<void> {
  const probe = await open(import.meta.filename)
  const prototype = Object.getPrototypeOf(probe) as { sync: () => Promise<void> }
  await probe.close()
  let calls = 0
  const { sync } = prototype
  prototype.sync = function () {
    return ++calls === nth ? die() : sync.call(this)
  }
}

/** The nth removal of rows that are done is never sent. */
function dyingAtRemoval(storage: Storage, nth: number): Storage {
  let removals = 0
  const apply: Storage['apply'] = (changes) => {
    if (changes.some(({ next }) => next === null) && ++removals === nth) die()
    return storage.apply(changes)
  }
  return Object.assign(Object.create(storage) as Storage, { apply })
}

keepCompiled()
const [kind, nth] = point.split(' ')
if (kind === 'sync') await dieAtSync(Number(nth))
const storage = sqlite(file)
const cleaning = cleanup({ olderThan: 0, folder, maxBytes: 2_000, maxFiles: 500 })
const work = piecework({
  storage: kind === 'removal' ? dyingAtRemoval(storage, Number(nth)) : storage,
  definitions: [...definitions, cleaning],
})
const { id } = await work.add(cleaning)
await work.drain()
console.log(JSON.stringify((await work.get(id))?.result))
await work.close()
