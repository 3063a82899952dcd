/** Makes the table, or sees that it is there as it has to be. */
import type { TableDescription } from '@aws-sdk/client-dynamodb'
import { StorageError } from '../../src/storage/index.ts'
import { type Driver, type DynamoClient, type DynamoSettings, driverSource } from './client.ts'
import { differences, tableDefinition } from './definition.ts'
import { errorFor, meaningOf } from './errors.ts'
import { EXPIRES } from './layout.ts'
import { checkTable } from './options.ts'
import { delay, monotonic, within } from './time.ts'

const WAIT_MAX_MS = 300_000
const REQUEST_MS = 20_000
const POLL_MS = 500

/**
 * Creates the table with its indexes, billed on demand, lets DynamoDB remove what expires, and waits until it can be
 * used. A table that is there already is checked and left as it is, so any number of processes may call it at once.
 *
 * @throws StorageError `not_usable` when there is another table of this name, or no right to create one.
 * @example
 * ```ts
 * await createTable(client, { table: 'piecework' })
 * ```
 */
export async function createTable(
  client: DynamoClient | DynamoSettings,
  options: { readonly table: string },
): Promise<void> {
  const table = checkTable(options?.table)
  const source = driverSource(client)
  try {
    const driver = await source.open()
    await create(driver, table)
    const found = await active(driver, table)
    const wrong = differences(found)
    if (wrong.length > 0) {
      throw new StorageError('not_usable', `The table ${table} is there, but not for piecework: ${wrong.join('; ')}`)
    }
    await letExpire(driver, table)
  } catch (error) {
    throw errorFor(error, table, false)
  } finally {
    source.close()
  }
}

async function create({ sdk, client }: Driver, table: string): Promise<void> {
  try {
    await patiently((abortSignal) => client.send(new sdk.CreateTableCommand(tableDefinition(table)), { abortSignal }))
  } catch (error) {
    if (!isNamed(error, 'ResourceInUseException')) throw error
  }
}

async function active({ sdk, client }: Driver, table: string): Promise<TableDescription> {
  const until = monotonic() + WAIT_MAX_MS
  for (;;) {
    const { Table } = await patiently((abortSignal) =>
      client.send(new sdk.DescribeTableCommand({ TableName: table }), { abortSignal }),
    )
    const states = [Table?.TableStatus, ...(Table?.GlobalSecondaryIndexes ?? []).map(({ IndexStatus }) => IndexStatus)]
    // Some emulators name no state of an index.
    if (Table !== undefined && states.every((state) => state === undefined || state === 'ACTIVE')) return Table
    if (monotonic() > until) throw new StorageError('busy', `The table ${table} is not active after ${WAIT_MAX_MS} ms`)
    await delay(POLL_MS)
  }
}

async function letExpire({ sdk, client }: Driver, table: string): Promise<void> {
  const isOn = async () => {
    const { TimeToLiveDescription: found } = await patiently((abortSignal) =>
      client.send(new sdk.DescribeTimeToLiveCommand({ TableName: table }), { abortSignal }),
    )
    return found?.TimeToLiveStatus === 'ENABLED' || found?.TimeToLiveStatus === 'ENABLING'
  }
  if (await isOn()) return
  const TimeToLiveSpecification = { AttributeName: EXPIRES, Enabled: true }
  try {
    await patiently((abortSignal) =>
      client.send(new sdk.UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }), { abortSignal }),
    )
  } catch (error) {
    // Another process was first.
    if (!(await isOn())) throw error
  }
}

/** The control plane is asked by every process that starts, and takes few requests a second. */
async function patiently<T>(request: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const until = monotonic() + WAIT_MAX_MS
  for (let tries = 1; ; tries++) {
    try {
      return await within(REQUEST_MS, request)
    } catch (error) {
      const isPassing = ['refused', 'lost'].includes(meaningOf(error)) || isNamed(error, 'LimitExceededException')
      // DescribeTable right after CreateTable may not know of it yet.
      const isYoung = isNamed(error, 'ResourceNotFoundException') && tries < 10
      if (!(isPassing && tries < 5) && !isYoung) throw error
      if (monotonic() > until) throw error
      await delay(POLL_MS)
    }
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name
}
