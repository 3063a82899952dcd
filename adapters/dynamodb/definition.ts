/** The table as it has to be. `createTable`, `doctor` and the templates in docs/dynamodb.md all go by this. */
import type { CreateTableCommandInput, GlobalSecondaryIndex, TableDescription } from '@aws-sdk/client-dynamodb'
import { DUE_INDEX, DUE_PROJECTED, LIST_INDEX } from './layout.ts'

export interface TableDefinition extends CreateTableCommandInput {
  readonly TableName: string
  readonly GlobalSecondaryIndexes: GlobalSecondaryIndex[]
}

/** Both indexes, also where `listing` is off: an index without entries costs nothing. */
export function tableDefinition(table: string): TableDefinition {
  const attributes = ['pk', 'sk', DUE_INDEX.hash, DUE_INDEX.range, LIST_INDEX.hash, LIST_INDEX.range]
  return {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: attributes.map((name) => ({ AttributeName: name, AttributeType: 'S' })),
    KeySchema: keySchema('pk', 'sk'),
    GlobalSecondaryIndexes: [
      {
        IndexName: DUE_INDEX.name,
        KeySchema: keySchema(DUE_INDEX.hash, DUE_INDEX.range),
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...DUE_PROJECTED] },
      },
      {
        IndexName: LIST_INDEX.name,
        KeySchema: keySchema(LIST_INDEX.hash, LIST_INDEX.range),
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  }
}

/** What of a table is not as it has to be, each in a few words; empty where all is. */
export function differences(found: TableDescription): string[] {
  const wanted = tableDefinition(found.TableName ?? '')
  const wrong: string[] = []
  if (keys(found.KeySchema) !== keys(wanted.KeySchema)) {
    wrong.push(`its key is ${keys(found.KeySchema)} in place of ${keys(wanted.KeySchema)}`)
  }
  for (const index of wanted.GlobalSecondaryIndexes) {
    const name = index.IndexName
    const there = found.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === name)
    if (there === undefined) wrong.push(`it has no index \`${name}\``)
    else if (keys(there.KeySchema) !== keys(index.KeySchema))
      wrong.push(`the key of its index \`${name}\` is ${keys(there.KeySchema)} in place of ${keys(index.KeySchema)}`)
    else if (!holds(there.Projection, index.Projection))
      wrong.push(`its index \`${name}\` does not hold ${index.Projection?.NonKeyAttributes?.join(' and ')}`)
  }
  return wrong
}

function keySchema(hash: string, range: string): CreateTableCommandInput['KeySchema'] {
  return [
    { AttributeName: hash, KeyType: 'HASH' },
    { AttributeName: range, KeyType: 'RANGE' },
  ]
}

function keys(schema: TableDescription['KeySchema']): string {
  return (schema ?? []).map(({ AttributeName, KeyType }) => `${AttributeName} (${KeyType})`).join(', ')
}

/** More than is needed only costs more. */
function holds(found: GlobalSecondaryIndex['Projection'], wanted: GlobalSecondaryIndex['Projection']): boolean {
  if (found?.ProjectionType === 'ALL') return true
  return (wanted?.NonKeyAttributes ?? []).every((name) => found?.NonKeyAttributes?.includes(name) === true)
}
