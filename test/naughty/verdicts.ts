/** Declares what every adapter must make of the naughty lists: the same as all others. */
import { strict as assert } from 'node:assert'
import { describe, expect, test } from 'vitest'
import { PayloadError, type Piecework, piecework, task } from '../../src/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { naughtyKeys, naughtyNames, naughtyPayloads, refusedKeys, refusedNames } from './payloads.ts'

const seen = new Map<string, unknown>()
const keeping = (name: string) =>
  task(name, {
    run: async ({ input, id }: { input: unknown; id: string }) => {
      seen.set(id, input)
      return input
    },
  })
const keep = keeping('keep')

/** @param open opens the same storage each time. */
export function verdicts(open: () => Storage | Promise<Storage>): void {
  async function withWork(body: (work: Piecework) => Promise<void>, definitions = [keep]): Promise<void> {
    const logger = { info() {}, warn() {}, error() {} }
    const work = piecework({ storage: await open(), definitions, logger })
    try {
      await body(work)
    } finally {
      await work.close()
    }
  }

  describe('payloads', () => {
    for (const { label, make, verdict, ...other } of naughtyPayloads) {
      test(`${label}: ${verdict}`, () =>
        withWork(async (work) => {
          if (verdict === 'refused') {
            const before = (await work.status()).tasks
            await expect(work.add(keep, make())).rejects.toThrow(PayloadError)
            expect((await work.status()).tasks).toEqual(before)
            return
          }
          const { id } = await work.add(keep, make())
          const value = 'is' in other ? other.is : make()
          expect(await work.drain()).toBe(1)
          const info = await work.get(id)
          expect(info).toMatchObject({ state: 'completed' })
          // By prototypes, not by a field that is called `constructor`.
          for (const came of [seen.get(id), info?.input, info?.result]) assert.deepStrictEqual(came, value)
          expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
        }))
    }
  })

  test('PL-05 PL-06 PL-09 each key is one of its own, and names its task', () =>
    withWork(async (work) => {
      const first = new Map<string, string>()
      for (const { key } of naughtyKeys) first.set(key, (await work.add(keep, key, { key, delay: '1h' })).id)
      expect(new Set(first.values()).size).toBe(naughtyKeys.length)
      for (const { key } of naughtyKeys) {
        expect(await work.add(keep, key, { key })).toEqual({ status: 'duplicate', id: first.get(key) })
      }
      for (const id of first.values()) expect(await work.cancel(id)).toBe(true)
    }))

  test('PL-05 a key that not every database could keep is refused everywhere', () =>
    withWork(async (work) => {
      for (const key of refusedKeys) await expect(work.add(keep, 1, { key })).rejects.toThrow(TypeError)
    }))

  test('PL-08 names and ids are values, never part of a statement', () => {
    const definitions = naughtyNames.map(keeping)
    return withWork(async (work) => {
      for (const definition of definitions) await work.add(definition, definition.name, { id: definition.name })
      expect(await work.drain()).toBe(definitions.length)
      for (const { name } of definitions) {
        expect(await work.get(name)).toMatchObject({ name, state: 'completed', result: name })
      }
    }, definitions)
  })

  test('PL-08 a name that not every database could order is refused everywhere', () => {
    for (const name of refusedNames) expect(() => keeping(name)).toThrow(TypeError)
  })
}
