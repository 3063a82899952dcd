/** close(): calling it again is harmless, and every call that comes later is told so. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import { finished, LEASE, NOW, row } from '../rows.ts'
import { claim, put } from '../steps.ts'
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
    name: "SD-05 every call after close throws a StorageError with the code 'closed'",
    unless,
    async run({ storage }) {
      const one = row('a')
      await put(storage, one)
      await storage.close!()
      const calls: readonly [string, () => unknown][] = [
        ['insert', () => storage.insert([row('b')])],
        ['claim', () => claim(storage)],
        ['extend', () => storage.extend([one], NOW + LEASE)],
        ['apply', () => storage.apply([finished(one)])],
        ['get', () => storage.get(['a'])],
        ['find', () => storage.find({ parent: 'a' }, 1)],
        ['count', () => storage.count({ upTo: 1 })],
      ]
      for (const [verb, call] of calls) {
        const complaint = `${verb} after close did not throw a StorageError with the code 'closed'`
        await assert.rejects(
          async () => call(),
          (error) => error instanceof Error && 'code' in error && error.code === 'closed',
          complaint,
        )
      }
    },
  },
]
