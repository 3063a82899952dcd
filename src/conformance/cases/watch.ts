/** watch(): a hint, never a promise; the one thing to ask of it is that it does no harm and ends. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import { row } from '../rows.ts'
import { claimAll, put } from '../steps.ts'
import type { Subject } from '../subject.ts'
import { turn } from '../waiting.ts'

const unless = ({ storage }: Subject): string | undefined => (storage.watch ? undefined : 'the storage has no watch()')

export const watchCases: readonly Case[] = [
  {
    name: 'watch changes nothing of what the other verbs do, and stops when told to',
    unless,
    async run({ storage }) {
      let wakes = 0
      const stop = await storage.watch!(() => {
        wakes += 1
      })
      assert.equal(typeof stop, 'function', 'watch did not answer what ends it')
      await put(storage, row('a'))
      await claimAll(storage, 1)
      await stop()
      await turn()
      const before = wakes
      await put(storage, row('b'))
      await turn()
      await turn()
      assert.equal(wakes, before, 'watch went on to call after it was stopped')
    },
  },
  {
    name: 'LD-06 several watches live beside each other, and each is stopped alone',
    unless,
    async run({ storage }) {
      const stops = [await storage.watch!(() => {}), await storage.watch!(() => {})]
      await put(storage, row('a'))
      for (const stop of stops) await stop()
      await put(storage, row('b'))
      await claimAll(storage, 2)
    },
  },
]
