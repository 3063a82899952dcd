/** find by names and by doneBefore may come late, but never with what is no longer so. */
import { strict as assert } from 'node:assert'
import type { FindBy, Row, Storage } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { finished, NOW, removed, rewritten, row, same } from '../rows.ts'
import { at, claimOne, eventually, put, settle } from '../steps.ts'

const done = (id: string): Row => row(id, { state: 'completed', wakeAt: null, doneAt: NOW - 1 })

/** Whatever comes back now must be stored now, to the byte; that it may be missing is a lag's right. */
async function allCurrent(storage: Storage, by: FindBy, allowed: readonly string[], when: string): Promise<void> {
  const { rows } = await storage.find(by, 10)
  for (const found of rows) {
    const stored = await at(storage, found.id)
    assert.ok(stored !== undefined, `find gave ${found.id}, which is gone, ${when}`)
    same(found, stored, `find gave a row as it no longer is, ${when}`)
    assert.ok(allowed.includes(found.id), `find gave ${found.id}, which does not fit the question any more, ${when}`)
  }
}

/** Waits until the index knows the row: only then can it be behind. */
async function known(storage: Storage, by: FindBy, count: number): Promise<void> {
  await eventually(storage, async () => {
    const { rows } = await storage.find(by, 10)
    assert.equal(rows.length, count, `find gave ${rows.length} rows where ${count} are stored`)
  })
}

export const findCurrentCases: readonly Case[] = [
  {
    name: 'CR-10 find by doneBefore never gives a row that was removed a moment ago, however far its index lags',
    async run({ storage }) {
      const by: FindBy = { doneBefore: NOW }
      await put(storage, done('a'), done('b'))
      await known(storage, by, 2)
      await settle(storage, removed(done('a')))
      await allCurrent(storage, by, ['b'], 'right after a removal')
    },
  },
  {
    name: 'find by doneBefore never gives a row that was finished no longer, or later, or in another state',
    async run({ storage }) {
      const by: FindBy = { doneBefore: NOW, states: ['completed'] }
      await put(storage, done('open'), done('later'), done('other'), done('same'))
      await known(storage, by, 4)
      await settle(storage, rewritten(done('open'), { state: 'waiting', wakeAt: NOW, doneAt: null }))
      await settle(storage, rewritten(done('later'), { doneAt: NOW + 9 }))
      await settle(storage, rewritten(done('other'), { state: 'failed' }))
      await settle(storage, rewritten(done('same'), { memo: '"anew"' }))
      await allCurrent(storage, by, ['same'], 'right after it was written')
    },
  },
  {
    name: 'find by names never gives a row in the state that it had before a claim, an apply or a removal',
    async run({ storage }) {
      const names = ['resize']
      await put(storage, row('a'))
      await known(storage, { names }, 1)
      const claimed = await claimOne(storage)
      await allCurrent(storage, { names, states: ['waiting'] }, [], 'right after a claim')
      await allCurrent(storage, { names }, ['a'], 'right after a claim')
      const write = finished(claimed)
      await settle(storage, write)
      await allCurrent(storage, { names, states: ['waiting', 'running'] }, [], 'right after an apply')
      await allCurrent(storage, { names }, ['a'], 'right after an apply')
      const stored = await at(storage, 'a')
      await settle(storage, removed(stored!))
      await allCurrent(storage, { names }, [], 'right after a removal')
    },
  },
]
