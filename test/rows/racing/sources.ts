/** The sources that a race can be run over, each loaded by the process that needs it. */
import type { RowSource } from '../../../src/storage/index.ts'
import { columns } from '../pages.ts'
import type { RacePlace } from './order.ts'

const makers: Readonly<Record<string, (place: RacePlace) => Promise<RowSource>>> = {
  async mongo({ at, table }) {
    const { mongoCollection } = await import('../../../adapters/mongo/index.ts')
    const { fields } = await import('../mongo-pages.ts')
    return mongoCollection(at, { collection: table, ...fields })
  },
  async sqlite({ at, table }) {
    const { sqliteTable } = await import('../../../adapters/sqlite/index.ts')
    return sqliteTable(at, { table, ...columns, synchronous: 'normal' })
  },
  async postgres({ at, table }) {
    const { postgresTable } = await import('../../../adapters/postgres/index.ts')
    const { Pool } = await import('pg')
    return postgresTable(new Pool({ connectionString: at, max: 3 }), { ...columns, table })
  },
}

export function sourceAt(place: RacePlace): Promise<RowSource> {
  const make = makers[place.kind]
  if (!make) throw new TypeError(`Expected \`kind\` to be one of ${Object.keys(makers).join(', ')}, got ${place.kind}`)
  return make(place)
}
