/** Watchbot: exactly one reduce, whoever finishes, brings again, fails or dies. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { type Announcement, job, type Piecework } from '../../../src/index.ts'
import type { Change, Row, Storage } from '../../../src/storage/index.ts'
import { manualClock } from '../../../src/testing/index.ts'
import { gate, onEachStorage } from '../../runner/face/kit.ts'
import { type Proc, proc } from '../../runner/kit.ts'
import { consumer } from './consumers.ts'

class Corrupt extends Error {}

const tenParts = Array.from({ length: 10 }, (_, index) => index)

describe('exactly one reduce', () => {
  onEachStorage('W20 B5 ten parts that ten processes finish side by side set off one message', async (storage) => {
    const processes = tenParts.map(() => consumer({ storage }))
    const { id } = await processes[0]!.run(tenParts, { metadata: { who: 'me' } })
    const { opened, open } = gate()
    const ends = processes.map(({ work }, index) => work.part({ jobId: id, index }, () => opened))
    open()
    for (const end of ends) expect((await end).status).toBe('completed')
    expect(processes.flatMap(({ reduces }) => reduces())).toEqual([
      { subject: 'reduce', jobId: id, metadata: { who: 'me' } },
    ])
  })

  onEachStorage('W21 B5 all parts brought again after the end, side by side, set off no other', async (storage) => {
    const processes = tenParts.map(() => consumer({ storage }))
    const { id } = await processes[0]!.run(tenParts)
    const bring = () => Promise.all(processes.map(({ work }, index) => work.part({ jobId: id, index }, () => index)))
    await bring()
    for (const { status } of (await Promise.all([bring(), bring()])).flat()) expect(status).toBe('already_completed')
    expect(processes.flatMap(({ reduces }) => reduces())).toHaveLength(1)
  })

  test('W22 two that bring the last part again, after it was not announced, and both see it due: it is sent once', async () => {
    const [storage, clock] = [memory(), manualClock()]
    const failing = consumer({
      storage,
      clock,
      publish: ({ subject }) => {
        if (subject === 'reduce') throw new Error('no topic')
      },
    })
    const { id } = await failing.run(['a'])
    await expect(failing.work.part({ jobId: id, index: 0 }, () => 1)).rejects.toThrow('no topic')
    let sent = 0
    const pages = job('pages', { announce: () => void sent++ })
    let seen = 0
    // Each is stopped when it has seen that the reduce is due, until the other has seen it too.
    const others: Proc[] = [0, 1].map((which) =>
      proc([pages], {
        storage,
        clock,
        onCall: (verb, when, _, answer) => {
          const rows = verb === 'get' && when === 'after' ? (answer as (Row | undefined)[]) : []
          if (seen > 1 || !rows.some((row) => row?.state === 'reducing')) return
          others[which]!.freeze()
          if (++seen > 1) for (const other of others) other.thaw()
        },
      }),
    )
    const bring = ({ work }: Proc) => work.part({ jobId: id, index: 0 }, () => expect.unreachable())
    for (const { status } of await Promise.all(others.map(bring))) expect(status).toBe('already_completed')
    expect([seen, sent, (await failing.work.job(id)).state]).toEqual([2, 1, 'completed'])
  })

  onEachStorage('W22 while one sends the message, nobody else does', async (storage) => {
    const { opened, open } = gate()
    const begun = gate()
    const sender = consumer({
      storage,
      publish: ({ subject }) => {
        if (subject !== 'reduce') return
        begun.open()
        return opened
      },
    })
    const other = consumer({ storage })
    const { id } = await sender.run(['a'])
    const sending = sender.work.part({ jobId: id, index: 0 }, () => 1)
    await begun.opened
    expect((await other.work.part({ jobId: id, index: 0 }, () => 1)).status).toBe('already_completed')
    expect((await other.work.job(id)).state).toBe('reducing')
    open()
    await sending
    expect([sender.reduces().length, other.reduces()]).toEqual([1, []])
  })

  test('W22 W23 the last part is brought again after a crash at any call: one end, and a message for each that may be lost', async () => {
    const ends: boolean[] = []
    for (let nth = 0; ends.at(-1) !== false; nth++) {
      const { isKilled, sent, ...seen } = await killedAt(nth)
      const what = `killed at call ${nth}, sent ${JSON.stringify(sent)}`
      expect(seen, what).toEqual({ state: 'completed', ends: ['completed'], results: ['a', 'b'] })
      // Nobody can tell whether a message arrived whose sender died: only then it may be sent again.
      expect([sent.before, sent.after], what).toBeOneOf([[0, 1], [1, 0], ...(isKilled ? [[1, 1]] : [])])
      ends.push(isKilled)
    }
    expect(ends.length).toBeGreaterThan(10)
  })

  onEachStorage('W24 B8 the reduce leaves the metadata as it is', async (storage) => {
    const metadata = { who: { name: 'me', roles: ['a', 'b'] }, reduce_message_sent: false }
    const { work, run, reduces } = consumer({ storage })
    const { id } = await run(['a'], { metadata })
    await work.part({ jobId: id, index: 0 }, () => 1)
    expect([(await work.job(id)).metadata, reduces()]).toEqual([metadata, [{ subject: 'reduce', jobId: id, metadata }]])
  })

  onEachStorage('W25 B6 a failed job never reduces, though the parts that ran on were completed', async (storage) => {
    const { work, run, reduces } = consumer({ storage, failOn: [Corrupt] })
    const { id } = await run(['a', 'b'])
    const { opened, open } = gate()
    const slow = work.part({ jobId: id, index: 0 }, () => opened)
    await expect(work.part({ jobId: id, index: 1 }, () => Promise.reject(new Corrupt('bad')))).rejects.toThrow('bad')
    open()
    expect((await slow).status).toBe('completed')
    await work.drain()
    for (const index of [0, 1]) await work.part({ jobId: id, index }, () => expect.unreachable())
    expect(await work.job(id)).toMatchObject({ state: 'failed', failure: { part: 1 }, remaining: 0 })
    expect(reduces()).toEqual([])
  })

  test('W26 a job is reducing until its message was sent, and completed from then on', async () => {
    const { opened, open } = gate()
    const begun = gate()
    const { work, run } = consumer({
      publish: ({ subject }) => {
        if (subject !== 'reduce') return
        begun.open()
        return opened
      },
    })
    const { id } = await run(['a'])
    expect((await work.job(id)).state).toBe('mapping')
    const sending = work.part({ jobId: id, index: 0 }, () => 1)
    await begun.opened
    // Longer than it takes to store what is stored early.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(await work.job(id)).toMatchObject({ state: 'reducing', remaining: 0, percent: 100 })
    open()
    await sending
    expect((await work.job(id)).state).toBe('completed')
  })
})

/** The last of two parts is brought to a process that dies at its nth call of the storage, then to another one. */
/** Each end of a job that was stored. */
function endsOfJobs(storage: Storage): { storage: Storage; ends: string[] } {
  const ends: string[] = []
  const apply = async (changes: readonly Change[]) => {
    const results = await storage.apply(changes)
    for (const [index, { row, next }] of changes.entries()) {
      const isEnd = next?.doneAt != null && row.doneAt === null && row.parent === null
      if (isEnd && results[index] === 'applied') ends.push(next.state)
    }
    return results
  }
  return { storage: { ...storage, apply }, ends }
}

async function killedAt(nth: number) {
  const clock = manualClock()
  const { storage, ends } = endsOfJobs(memory())
  const sent = { before: 0, after: 0 }
  const pages = (who: keyof typeof sent) =>
    job('pages', {
      announce: ({ subject }: Announcement) => {
        if (subject === 'reduce') sent[who]++
      },
    })
  const definition = pages('after')
  const other = proc([definition], { storage, clock })
  const { id } = await other.work.run(definition, ['a', 'b'])
  const bring = (work: Piecework, index: number) => work.part({ jobId: id, index }, ({ part }) => part)
  await bring(other.work, 0)

  const death = gate()
  let calls = 0
  const victim = proc([pages('before')], {
    storage,
    clock,
    onCall: () => {
      if (calls++ !== nth) return
      victim.kill()
      death.open()
    },
  })
  const isKilled = await Promise.race([bring(victim.work, 1).then(() => false), death.opened.then(() => true)])
  for (let deliveries = 0; deliveries < 10; deliveries++) {
    await bring(other.work, 1)
    if ((await other.work.job(id)).state === 'completed') break
    // As a queue does whose message was not acknowledged; by then the dead one's lease is over.
    await clock.tick('1m')
  }
  const parts = await Promise.all([0, 1].map((index) => other.work.get(`${id}/${index}`)))
  const { state } = await other.work.job(id)
  return { isKilled, sent, state, ends, results: parts.map((part) => part?.result) }
}
