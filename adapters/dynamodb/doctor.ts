/** Looks at the table, its indexes, what it costs, and the clock. */
import type { TableDescription } from '@aws-sdk/client-dynamodb'
import type { Finding } from '../../src/storage/index.ts'
import type { ServiceClock } from './clock.ts'
import { differences } from './definition.ts'
import { EXPIRES } from './layout.ts'
import type { CheckedOptions } from './options.ts'
import type { Plan } from './plan.ts'
import type { Requests } from './requests.ts'
import { wallClock } from './time.ts'

/** DynamoDB refuses requests that are signed five minutes off. */
const WALL_MAX_MS = 60_000

export async function examine(
  request: Requests,
  options: CheckedOptions,
  clock: ServiceClock,
  plan: () => Promise<Plan>,
): Promise<Finding[]> {
  const table = await described(request, options.table)
  if ('level' in table) return [table]
  const findings = [...schemaFindings(table), billing(table)]
  if (options.keepDoneDays !== undefined) findings.push(await expiry(request, options.table))
  if (findings.some(({ level }) => level === 'error')) return findings
  findings.push(await layout(options, plan))
  findings.push(wall(clock))
  return findings
}

async function described(request: Requests, TableName: string): Promise<TableDescription | Finding> {
  try {
    const { Table } = await request(false, ({ sdk, client }, timed, options) =>
      client.send(timed(new sdk.DescribeTableCommand({ TableName })), options),
    )
    return Table ?? finding('error', 'schema', `DynamoDB says nothing of the table ${TableName}.`)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.name : ''
    if (cause === 'ResourceNotFoundException') return finding('error', 'schema', `${message}.`)
    if (cause !== 'AccessDeniedException') throw error
    return finding('warning', 'rights', `The table could not be looked at (allow dynamodb:DescribeTable): ${message}.`)
  }
}

function schemaFindings(table: TableDescription): Finding[] {
  const wrong = differences(table)
  const { TableName: name, TableStatus: status } = table
  if (wrong.length > 0) {
    return [finding('error', 'schema', `The table ${name} is not made for piecework: ${wrong.join('; ')}.`)]
  }
  if (status !== 'ACTIVE' && status !== 'UPDATING')
    return [finding('error', 'schema', `The table ${name} is ${status}: wait until it is active.`)]
  const building = (table.GlobalSecondaryIndexes ?? []).find(({ IndexStatus }) => IndexStatus === 'CREATING')
  if (building) {
    const message = `The index \`${building.IndexName}\` is still being built: rows that it lacks are not found yet.`
    return [finding('warning', 'indexes', message)]
  }
  return [finding('ok', 'schema', `The table ${name} and its indexes are as they have to be.`)]
}

function billing({ BillingModeSummary, TableName: name }: TableDescription): Finding {
  if (BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST') {
    return finding('ok', 'billing', `The table ${name} is billed on demand.`)
  }
  const message = `The table ${name} has provisioned capacity: an index with less than the table slows every write.`
  return finding('warning', 'billing', message)
}

async function expiry(request: Requests, TableName: string): Promise<Finding> {
  const { TimeToLiveDescription: found } = await request(false, ({ sdk, client }, timed, options) =>
    client.send(timed(new sdk.DescribeTimeToLiveCommand({ TableName })), options),
  )
  const isOn = found?.TimeToLiveStatus === 'ENABLED' || found?.TimeToLiveStatus === 'ENABLING'
  if (isOn && found.AttributeName === EXPIRES) {
    return finding('ok', 'expiry', 'DynamoDB removes finished tasks once `keepDoneDays` are over.')
  }
  const message = `\`keepDoneDays\` is set, but the table has no time to live on \`${EXPIRES}\`: finished tasks stay for ever.`
  return finding('warning', 'expiry', message)
}

async function layout({ shards }: CheckedOptions, plan: () => Promise<Plan>): Promise<Finding> {
  const agreed = await plan()
  if (agreed.shards === shards) return finding('ok', 'layout', `Due rows are spread over ${shards} shards.`)
  const message = `The table has ${agreed.shards} shards, and \`shards: ${shards}\` does not lower them.`
  return finding('warning', 'layout', message)
}

function wall(clock: ServiceClock): Finding {
  const { now, error } = clock.now()
  const offMs = Math.round(wallClock() - now)
  if (Math.abs(offMs) < WALL_MAX_MS) {
    return finding('ok', 'clock', `This machine's clock is within ${Math.abs(offMs) + error} ms of DynamoDB's.`)
  }
  const message = `This machine's clock is ${offMs} ms off DynamoDB's, which refuses requests that are 5 minutes off: set it.`
  return finding('warning', 'clock', message)
}

function finding(level: Finding['level'], about: string, message: string): Finding {
  return { level, about, message }
}
