import { readFileSync } from 'node:fs'
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { tableDefinition } from '../../adapters/dynamodb/definition.ts'
import { dynamodb } from '../../adapters/dynamodb/index.ts'
import { withServer } from '../servers/with-server.ts'
import { clientOf, newTable } from './fixtures/dynamodb-tables.ts'

const page = readFileSync(new URL('../../docs/dynamodb.md', import.meta.url), 'utf8')
const wanted = tableDefinition('piecework')
const indexes = wanted.GlobalSecondaryIndexes

/** The text between the fences of this language. */
function block(language: string): string {
  return page.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? ''
}

interface Schema {
  readonly AttributeName?: string | undefined
  readonly KeyType?: string | undefined
}

describe('docs/dynamodb.md', () => {
  test('has the CloudFormation template of just the table that createTable makes', () => {
    const schema = (keys: readonly Schema[] | undefined, indent: string) =>
      (keys ?? []).map((key) => `${indent}- { AttributeName: ${key.AttributeName}, KeyType: ${key.KeyType} }`)
    const lines = [
      'Resources:',
      '  PieceworkTable:',
      '    Type: AWS::DynamoDB::Table',
      '    DeletionPolicy: Retain',
      '    UpdateReplacePolicy: Retain',
      '    Properties:',
      `      TableName: ${wanted.TableName}`,
      `      BillingMode: ${wanted.BillingMode}`,
      '      AttributeDefinitions:',
      ...(wanted.AttributeDefinitions ?? []).map(
        ({ AttributeName, AttributeType }) =>
          `        - { AttributeName: ${AttributeName}, AttributeType: ${AttributeType} }`,
      ),
      '      KeySchema:',
      ...schema(wanted.KeySchema, '        '),
      '      GlobalSecondaryIndexes:',
      ...indexes.flatMap(({ IndexName, KeySchema, Projection }) => {
        const extra = Projection?.NonKeyAttributes
          ? `, NonKeyAttributes: [${Projection.NonKeyAttributes.join(', ')}]`
          : ''
        return [
          `        - IndexName: ${IndexName}`,
          '          KeySchema:',
          ...schema(KeySchema, '            '),
          `          Projection: { ProjectionType: ${Projection?.ProjectionType}${extra} }`,
        ]
      }),
      '      TimeToLiveSpecification: { AttributeName: expires, Enabled: true }',
    ]
    expect(block('yaml')).toBe(`${lines.join('\n')}\n`)
  })

  test('has the Terraform text of just that table', () => {
    const [hash, range] = keysOf(wanted.KeySchema)
    const found = readTerraform(block('hcl'))
    expect(found.top).toEqual({ name: 'piecework', billing_mode: wanted.BillingMode, hash_key: hash, range_key: range })
    expect(found.blocks.attribute).toEqual(
      (wanted.AttributeDefinitions ?? []).map(({ AttributeName, AttributeType }) => ({
        name: AttributeName,
        type: AttributeType,
      })),
    )
    expect(found.blocks.global_secondary_index).toEqual(
      indexes.map(({ IndexName, KeySchema, Projection }) => ({
        name: IndexName,
        hash_key: keysOf(KeySchema)[0],
        range_key: keysOf(KeySchema)[1],
        projection_type: Projection?.ProjectionType,
        ...(Projection?.NonKeyAttributes ? { non_key_attributes: Projection.NonKeyAttributes } : {}),
      })),
    )
    expect(found.blocks.ttl).toEqual([{ attribute_name: 'expires', enabled: true }])
  })

  test('names every option', () => {
    for (const option of ['table', 'shards', 'listing', 'keepDoneDays', 'timeoutMs']) {
      expect(page).toContain(`| \`${option}\` |`)
    }
  })
})

await withServer('dynamodb', (server) => {
  test('createTable makes the table of the templates, and doctor() finds it so', async () => {
    const client = clientOf(server.url)
    const table = await newTable(client)
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }))
    expect(Table?.KeySchema).toEqual(wanted.KeySchema)
    const sorted = <T>(list: readonly T[] | undefined) => [...(list ?? [])].map((each) => JSON.stringify(each)).sort()
    expect(sorted(Table?.AttributeDefinitions)).toEqual(sorted(wanted.AttributeDefinitions))
    const found = (Table?.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema, Projection }) => ({
      IndexName,
      KeySchema,
      Projection,
    }))
    expect(found.sort((one, other) => ((one.IndexName ?? '') < (other.IndexName ?? '') ? -1 : 1))).toEqual(indexes)
    expect(Table?.BillingModeSummary?.BillingMode).toBe(wanted.BillingMode)
    expect((await dynamodb(client, { table }).doctor()).every(({ level }) => level === 'ok')).toBe(true)
  })
})

function keysOf(schema: readonly Schema[] | undefined): (string | undefined)[] {
  return ['HASH', 'RANGE'].map((type) => schema?.find(({ KeyType }) => KeyType === type)?.AttributeName)
}

/** As much of HCL as one resource has: `name = value` and blocks one level deep. Values are JSON. */
function readTerraform(text: string) {
  const top: Record<string, unknown> = {}
  const blocks: Record<string, Record<string, unknown>[]> = {}
  let into = top
  for (const line of text.split('\n').slice(1)) {
    const opened = /^ {2}(\w+) \{$/.exec(line)?.[1]
    const [, name, value] = /^ +(\w+) += (.+)$/.exec(line) ?? []
    if (opened !== undefined) {
      into = {}
      blocks[opened] = [...(blocks[opened] ?? []), into]
    } else if (line === '  }') into = top
    else if (name !== undefined && value !== undefined) into[name] = JSON.parse(value)
  }
  return { top, blocks }
}
