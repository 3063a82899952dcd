/** doctor(): findings for people, from a look that changes nothing. */
import { strict as assert } from 'node:assert'
import type { Finding } from '../../storage/index.ts'
import type { Case } from '../case.ts'
import { finished, LEASE, NOW, row, same } from '../rows.ts'
import { at, claimAll, claimOne, put, settle } from '../steps.ts'
import type { Subject } from '../subject.ts'

const unless = ({ storage }: Subject): string | undefined =>
  storage.doctor ? undefined : 'the storage has no doctor()'

/** One sentence goes into a log line; a page of them would hide the rest of the log. */
const MESSAGE_MAX = 1_000

function check({ level, about, message }: Finding): void {
  assert.ok(['ok', 'warning', 'error'].includes(level), `doctor found something of the level ${JSON.stringify(level)}`)
  const isText = (value: unknown) => typeof value === 'string' && value.trim() !== ''
  assert.ok(isText(about), `doctor did not say what a finding is about: ${JSON.stringify(message)}`)
  assert.ok(about.length <= 40, `doctor needs ${about.length} characters to say what a finding is about, not a word`)
  assert.ok(isText(message), `doctor found nothing to say about ${about}`)
  assert.ok(message.length <= MESSAGE_MAX, `doctor says ${message.length} characters about ${about}, not a sentence`)
}

export const doctorCases: readonly Case[] = [
  {
    name: 'doctor answers findings that have a level, a subject and a sentence',
    unless,
    async run({ storage }) {
      const findings = await storage.doctor!()
      assert.ok(Array.isArray(findings), 'doctor did not answer a list of findings')
      assert.ok(findings.length > 0, 'doctor found nothing at all, so nobody knows that it has looked')
      for (const finding of findings) check(finding)
      await put(storage, row('a'))
      for (const finding of await storage.doctor!()) check(finding)
    },
  },
  {
    name: 'doctor finds no error in a healthy storage, empty or at work: a start would fail',
    unless,
    async run({ storage }) {
      const errors = async () =>
        (await storage.doctor!()).filter(({ level }) => level === 'error').map(({ message }) => message)
      assert.deepEqual(await errors(), [], 'doctor finds an error in an empty storage')
      await put(storage, row('job/1', { key: 'k' }), row('job/2'))
      const [claimed] = await claimAll(storage, 2)
      await settle(storage, finished(claimed!))
      assert.deepEqual(await errors(), [], 'doctor finds an error in a storage that is at work')
    },
  },
  {
    name: 'doctor changes nothing: no row, no lease, no key, and nothing that is due',
    unless,
    async run({ storage }) {
      await put(storage, row('held', { key: 'k' }))
      const held = await claimOne(storage)
      await put(storage, row('due'), row('done', { state: 'completed', wakeAt: null, doneAt: NOW - 1 }))
      const before = await storage.get(['held', 'due', 'done'])
      await storage.doctor!()
      await storage.doctor!()
      for (const each of before) same(await at(storage, each!.id), each, 'doctor changed a row')
      assert.deepEqual(
        await storage.insert([row('other', { key: 'k' })]),
        [{ duplicate: 'held' }],
        'doctor let go of a key',
      )
      const later = { now: NOW + LEASE - 1, holder: 'w#2' }
      const [due] = await claimAll(storage, 1, later)
      assert.equal(due!.id, 'due', 'doctor changed what is due')
      assert.equal(await settle(storage, finished(held)), 'applied', 'doctor took a row from its holder')
    },
  },
]
