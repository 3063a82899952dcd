/** Whom extend refuses: lost fences, settled rows, and rows that never wake. */
import { strict as assert } from 'node:assert'
import type { Case } from '../case.ts'
import { finished, LEASE, NOW, removed, row, same } from '../rows.ts'
import { at, claimAll, claimOne, put, settle } from '../steps.ts'

export const extendFenceCases: readonly Case[] = [
  {
    name: 'LZ-04 extend answers false to a lost fence and does not touch the lease of the next holder',
    async run({ storage }) {
      await put(storage, row('a'))
      const zombie = await claimOne(storage)
      const current = await claimOne(storage, { now: NOW + LEASE, holder: 'w#2' })
      assert.deepEqual(
        await storage.extend([zombie], NOW + 99 * LEASE),
        [false],
        'extend answered true to a claim whose rev is 1 behind: a zombie goes on believing that it holds the row',
      )
      same(await at(storage, 'a'), current, "a zombie's extend changed the row of the next holder")
      const ahead = { ...current, rev: current.rev + 1 }
      assert.deepEqual(
        await storage.extend([ahead], NOW + 99 * LEASE),
        [false],
        'extend took a rev that is not there yet',
      )
      same(await at(storage, 'a'), current, 'an extend with a rev from the future changed the row')
    },
  },
  {
    name: 'LZ-06 extend goes by the rev, not by the worker: an old claim of the same holder is lost',
    async run({ storage }) {
      await put(storage, row('a'))
      const old = await claimOne(storage)
      const current = await claimOne(storage, { now: NOW + LEASE })
      assert.deepEqual(
        await storage.extend([old], NOW + 99 * LEASE),
        [false],
        'extend took an old rev of the same holder',
      )
      same(await at(storage, 'a'), current, 'an extend with an old rev of the same holder changed the row')
    },
  },
  {
    name: 'extend answers false once the row was settled, and does not wake it',
    async run({ storage }) {
      await put(storage, row('a'), row('b'))
      for (const claimed of await claimAll(storage, 2)) {
        await settle(storage, claimed.id === 'a' ? finished(claimed) : removed(claimed))
        const answer = await storage.extend([claimed], NOW + LEASE)
        assert.deepEqual(answer, [false], 'extend answered true to a claim that was settled: the fence is spent')
      }
      assert.equal((await at(storage, 'a'))?.wakeAt, null, 'extend woke a finished row')
      assert.equal(await at(storage, 'b'), undefined, 'extend brought back a removed row')
    },
  },
  {
    name: 'extend answers false to a row without a wake time and does not give it one',
    async run({ storage }) {
      const asleep = row('asleep', { wakeAt: null, state: 'completed' })
      await put(storage, asleep)
      assert.deepEqual(
        await storage.extend([asleep], NOW),
        [false],
        'extend answered true to a row whose wakeAt is null',
      )
      same(await at(storage, 'asleep'), asleep, 'extend changed a row whose wakeAt is null')
    },
  },
  {
    name: 'extend answers false to an id that was never there',
    async run({ storage }) {
      assert.deepEqual(await storage.extend([row('nobody')], NOW), [false], 'extend answered true to an unknown id')
      assert.equal(await at(storage, 'nobody'), undefined, 'extend made a row')
    },
  },
]
