/** Processes that are killed and stopped at any time, over documents that the user changes and removes meanwhile. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BSON, MongoClient, ObjectId } from 'mongodb'
import { afterAll, expect, test } from 'vitest'
import { mongoCollection } from '../../adapters/mongo/index.ts'
import { chosenSeed } from '../../src/conformance/random.ts'
import { withServer } from '../servers/with-server.ts'
import { fields, type Page, page } from './mongo-pages.ts'
import { Looks, marksOf, noMarks } from './mongo-watch.ts'
import type { RaceNote } from './racing/order.ts'
import { race } from './racing/run.ts'

const COUNT = 2_000
const PROCESSES = 8
const LIMIT_MS = 90_000
/** `PIECEWORK_RACE_STRIKES=200` for a long one. */
const STRIKES = Number(process.env.PIECEWORK_RACE_STRIKES ?? 16)
const REMOVALS = 12
/** Pages that the user changes between two looks. */
const CHANGES = 20
/** How many starts a process that is killed may have written and not noted: as many as it runs at once. */
const UNNOTED = 8

await withServer('mongo', (server) => {
  const client = new MongoClient(server.url)
  const collection = `webpage_${randomUUID()}`
  const pages = client.db().collection<Page>(collection)
  const folder = mkdtempSync(join(tmpdir(), 'piecework-mongo-race-'))
  afterAll(async () => {
    await pages.drop()
    await client.close()
    rmSync(folder, { recursive: true })
  })

  test(
    `P-RESERVE B22 P25 RS-01 RS-02 ${PROCESSES} processes, struck at any time, start each document as often as it says and end it once`,
    async () => {
      const seed = chosenSeed(undefined, () => Date.now() % 100_000)
      /** The user's own part of each document, as the user has written it. */
      const own = new Map<string, Page>()
      for (let at = 0; at < COUNT; at++) {
        const made = page(new ObjectId(), at)
        own.set(String(made._id), made)
      }
      await pages.insertMany([...own.values()])
      const source = mongoCollection(client.db(), { collection, ...fields })
      for (const statement of source.statements()) {
        await new Function('db', `return ${statement}`)({
          getCollection: (name: string) => client.db().collection(name),
        })
      }
      const ids = [...own.keys()]
      const removed = new Set<string>()
      const looks = new Looks()

      const { notes, counts, wrongEnds } = await race({
        place: { kind: 'mongo', at: server.url, table: collection },
        log: join(folder, 'notes'),
        seed,
        rows: COUNT,
        processes: PROCESSES,
        strikes: STRIKES,
        limitMs: LIMIT_MS,
        ended: async () => removed.size + (await pages.countDocuments({ 'scrape.endTime': { $type: 'date' } })),
        async meanwhile(random) {
          await looks.look(pages)
          const changed = Array.from({ length: CHANGES }, () => own.get(random.pick(ids) ?? '') ?? [])
            .flat()
            .map((is) => {
              is.price = random.below(1_000)
              is.scrape.note = `price ${is.price}`
              return {
                updateOne: {
                  filter: { _id: is._id },
                  update: { $set: { price: is.price, 'scrape.note': is.scrape.note } },
                },
              }
            })
          await pages.bulkWrite(changed)
          if (removed.size === REMOVALS || !random.chance(40)) return
          const started = { 'scrape.startTime': { $type: 'date' }, 'scrape.endTime': null } as const
          const gone = await pages.findOneAndDelete(started, { projection: { _id: 1 } })
          if (gone === null) return
          removed.add(String(gone._id))
          own.delete(String(gone._id))
        },
      })
      await looks.look(pages)
      const figures = { ...counts, looks: looks.count, removed: removed.size, notes: notes.length }
      console.log(`PIECEWORK_SEED=${seed}: ${COUNT} documents by ${PROCESSES} processes: ${JSON.stringify(figures)}`)

      expect(wrongEnds).toEqual([])
      expect(looks.wrong).toEqual([])
      const found = await pages.find({}, { promoteValues: true }).toArray()
      expect(found.map(({ _id }) => String(_id)).sort()).toEqual([...own.keys()].sort())
      const noted = startsIn(notes)
      const marks = new Map(found.map(({ _id, scrape }) => [String(_id), marksOf(scrape)]))
      let unnoted = 0
      for (const document of found) {
        const id = String(document._id)
        const { reservationTimes, ...rest } = marks.get(id) ?? noMarks
        expect(rest).toMatchObject({ reservationId: expect.any(String), endTime: expect.any(Number) })
        const starts = noted.get(id) ?? []
        // No start is noted twice, and none that the document does not count.
        expect(new Set(starts).size).toBe(starts.length)
        expect(Math.max(...starts, 0)).toBeLessThanOrEqual(reservationTimes ?? 0)
        unnoted += (reservationTimes ?? 0) - starts.length
        for (const path of Object.values(fields)) Reflect.deleteProperty(document.scrape, path.split('.')[1] ?? '')
        const bytes = Buffer.from(BSON.serialize(document)).toString('hex')
        expect(bytes).toBe(Buffer.from(BSON.serialize(own.get(id) as Page)).toString('hex'))
      }
      console.log(`${unnoted} starts of killed processes are not in their notes`)
      expect(unnoted).toBeLessThanOrEqual((counts.kills ?? 0) * UNNOTED)

      // Who says that it ended a document stands in it, with that start: no late worker ended it for another one.
      const ends = notes.filter(({ what, id }) => what === 'completed' && own.has(id))
      expect(new Set(ends.map(({ id }) => id)).size).toBe(ends.length)
      expect(ends.length).toBeGreaterThanOrEqual(found.length - (counts.kills ?? 0) * UNNOTED)
      for (const { id, pid, attempt } of ends) {
        const { reservationId, reservationTimes } = marks.get(id) ?? noMarks
        expect([id, reservationId, reservationTimes]).toEqual([id, expect.stringContaining(`:${pid}:`), attempt])
      }
      const gone = notes.filter(({ what }) => what === 'gone').map(({ id }) => id)
      expect(gone.length).toBeGreaterThan(0)
      expect(gone.filter((id) => !removed.has(id))).toEqual([])
    },
    LIMIT_MS + 30_000,
  )
})

/** The attempts of each row that a process noted to have started. */
function startsIn(notes: readonly RaceNote[]): Map<string, number[]> {
  const starts = new Map<string, number[]>()
  for (const { what, id, attempt } of notes) {
    if (what !== 'started') continue
    starts.set(id, [...(starts.get(id) ?? []), attempt])
  }
  return starts
}
