import { fork } from 'node:child_process'
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, describe, expect, test } from 'vitest'
import { dynamodb } from '../../adapters/dynamodb/index.ts'
import { conformance, race, type Subject } from '../../src/conformance/index.ts'
import { oneFile } from '../servers/one-file.ts'
import { withServer } from '../servers/with-server.ts'
import { allFaults, makeFaulty } from './fixtures/dynamodb-faults.ts'
import { clientOf, newTable } from './fixtures/dynamodb-tables.ts'

const holder = await oneFile(new URL('./fixtures/dynamodb-holder.ts', import.meta.url))

await withServer('dynamodb', (server) => {
  const sound = clientOf(server.url)
  const client = clientOf(server.url)
  const happened = makeFaulty(client, allFaults)

  const onTable = async (): Promise<Subject> => {
    const table = await newTable(sound)
    const open = () => dynamodb(client, { table })
    const cleanup = async () => void (await sound.send(new DeleteTableCommand({ TableName: table })))
    return { storage: open(), again: open, cleanup }
  }

  describe('DB-01 DB-20 DB-21 DB-23 DB-24 with answers lost, throttling, conflicts and an index that lags', () => {
    // Most of their time is the client's waiting after a fault.
    conformance({ test: test.concurrent, create: onTable })
    race({ test, create: onTable, rounds: 40, faults: true })
    afterAll(() => {
      console.log(`faults: ${JSON.stringify(happened)}`)
      for (const [fault, times] of Object.entries(happened)) expect(times, fault).toBeGreaterThan(10)
    })
  })

  describe('processes that share a table', () => {
    const spawnOn = (table: string, flaw = 'none', faulty = 'sound') => {
      return () => fork(holder, [server.url, table, flaw, faulty], { execArgv: ['--no-warnings'] })
    }
    const racing = { rounds: 40, rows: 120, leaseMs: 400, timeoutMs: 55_000 }
    let table: string
    const prepared = (name: string, run: () => Promise<void>) =>
      test(name, async () => {
        table = await newTable(sound)
        await run()
      })
    race({ test: prepared, spawn: () => spawnOn(table)(), ...racing })
    race({ test: prepared, spawn: () => spawnOn(table)(), ...racing, kills: 2, seed: 100 })
    race({
      test: prepared,
      spawn: () => spawnOn(table, 'none', 'faulty')(),
      ...racing,
      kills: 1,
      seed: 200,
      faults: true,
    })

    test.each([
      ['apply is not checked', /writes made rev|not what the log makes|false stale|which is stored/],
      ['claim hands out a row whose lease runs', /two holders have one row|not what the log makes/],
    ])('are found out when %s', async (flaw, complaint) => {
      table = await newTable(sound)
      const runs: Promise<void>[] = []
      race({ test: (_, run) => runs.push(run()), spawn: spawnOn(table, flaw), ...racing })
      await expect(Promise.all(runs)).rejects.toThrow(complaint)
    })
  })
})
