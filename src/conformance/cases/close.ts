/** close(): calling it again is harmless, and what comes later is told so. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import { row } from '../rows.ts'
import { put } from '../steps.ts'
import type { Subject } from '../subject.ts'

const unless = ({ storage }: Subject): string | undefined => (storage.close ? undefined : 'the storage has no close()')

export const closeCases: readonly Case[] = [
  {
    name: 'SD-03 closing again is harmless',
    unless,
    async run({ storage }) {
      await put(storage, row('a'))
      await storage.close!()
      await storage.close!()
      await Promise.all([storage.close!(), storage.close!()])
    },
  },
  {
    name: "SD-05 a call after close is answered, or throws a StorageError with the code 'closed'",
    unless,
    async run({ storage }) {
      await storage.close!()
      for (const call of [() => storage.get(['a']), () => storage.insert([row('a')])]) {
        try {
          await call()
        } catch (error) {
          const code = error instanceof Error && 'code' in error ? error.code : undefined
          assert.equal(
            code,
            'closed',
            `a call after close threw ${error}, where code 'closed' says that nothing was done`,
          )
        }
      }
    },
  },
]
