/** How the tables come to be: once, whoever comes first and however often somebody dies over it. */
import { describe, expect, test } from 'vitest'
import { migrationSql, type PostgresOptions } from '../../adapters/postgres/index.ts'
import { withServer } from '../servers/with-server.ts'
import { run } from './fixtures/ordered-process.ts'
import { postgresProcess } from './fixtures/postgres-process.ts'
import { freshSchema } from './fixtures/postgres-schema.ts'
import { pg } from './fixtures/postgres-subject.ts'
import { aRow, manyRows, wanting } from './fixtures/rows.ts'

await withServer('postgres', ({ url }) => {
  const place = freshSchema(url)
  const { pool, storageOn } = place

  async function tables(): Promise<string[]> {
    const { rows } = await pool.query('select tablename from pg_tables where schemaname = $1 order by 1', [
      place.schema,
    ])
    return rows.map(({ tablename }) => tablename)
  }

  test('the first call makes the tables, and a thousand first calls make them once', async () => {
    const storage = storageOn()
    expect(await tables()).toEqual([])
    const answers = await Promise.all(manyRows(1000).map((row) => storage.insert([row])))
    expect(answers.flat().every((answer) => answer === 'inserted')).toBe(true)
    expect(await tables()).toEqual(['meta', 'row'])
  })

  test('UP-02 eight processes that find no tables make them once, and all write', async () => {
    const children = await Promise.all(Array.from({ length: 8 }, () => postgresProcess(url, place.schema)))
    const ends = await Promise.all(children.map((child, at) => run(child, { insert: 20, prefix: `${at}-` })))
    expect(ends.map(({ said }) => said)).toEqual(Array(8).fill(20))
    expect((await storageOn().count({ upTo: 1000 })).counts).toEqual({ resize: { waiting: 160 } })
  })

  test('CR-11 a process that is killed before any statement of the migration leaves nothing or all of it', async () => {
    let killed = 0
    for (let statement = 1; ; statement++) {
      const { said, signal } = await run(await postgresProcess(url, place.schema), { migrateUntil: statement })
      if (signal !== 'SIGKILL') {
        expect(said).toBe('migrated')
        break
      }
      killed += 1
      // Its connection may take a moment to be missed; nothing is left but by a commit.
      expect(await tables()).toEqual([])
    }
    expect(killed).toBeGreaterThanOrEqual(10)
    expect(await tables()).toEqual(['meta', 'row'])
    expect(await storageOn().insert([aRow('a')])).toEqual(['inserted'])
  }, 120_000)

  test('UP-03 a newer schema is refused and nothing is written', async () => {
    await storageOn().migrate()
    await pool.query(`update ${place.quoted}.meta set value = 99 where name = 'schema'`)
    const storage = storageOn()
    const refused = { code: 'newer_schema', message: expect.stringMatching(/version 99.*Nothing was written/) }
    await expect(storage.insert([aRow('a')])).rejects.toMatchObject(refused)
    await expect(storage.migrate()).rejects.toMatchObject(refused)
    expect((await pool.query(`select count(*)::int as rows from ${place.quoted}.row`)).rows).toEqual([{ rows: 0 }])
    expect((await pool.query(`select value::int from ${place.quoted}.meta`)).rows).toEqual([{ value: 99 }])
    // It is not remembered: when the other version was rolled back, the same storage works.
    await pool.query(`update ${place.quoted}.meta set value = 1`)
    expect(await storage.insert([aRow('a')])).toEqual(['inserted'])
  })

  describe('migrate: false', () => {
    test('refuses until the tables are there, and makes none', async () => {
      const storage = storageOn(pool, { migrate: false })
      const refused = { code: 'not_usable', message: expect.stringMatching(/has no tables yet/) }
      await expect(storage.claim(wanting('resize', 1))).rejects.toMatchObject(refused)
      expect(await tables()).toEqual([])
      await storage.migrate()
      expect(await storage.claim(wanting('resize', 1))).toEqual([])
    })

    test('works on tables that were made by hand from the text', async () => {
      await pool.query(migrationSql({ schema: place.schema }))
      const storage = storageOn(pool, { migrate: false })
      expect(await storage.insert([aRow('a')])).toEqual(['inserted'])
      const findings = await storage.doctor()
      expect(findings.filter(({ level }) => level === 'error')).toEqual([])
    })

    test('a role that may not make tables works with it, and without it says what is missing', async () => {
      const role = pg.escapeIdentifier(`worker ${place.schema}`)
      await pool.query(`create role ${role} login`)
      const { host, pathname } = new URL(url)
      const as = (options: PostgresOptions) => {
        const user = encodeURIComponent(`worker ${place.schema}`)
        return storageOn(`postgres://${user}@${host}${pathname}`, options)
      }
      try {
        const refused = { code: 'not_usable', message: expect.stringMatching(/rights of this role.*permission denied/) }
        await expect(as({}).insert([aRow('a')])).rejects.toMatchObject(refused)
        expect(await tables()).toEqual([])

        await storageOn().migrate()
        await pool.query(
          `grant usage on schema ${place.quoted} to ${role}; grant select on all tables in schema ${place.quoted} to ${role}`,
        )
        const reader = as({ migrate: false })
        await expect(reader.insert([aRow('a')])).rejects.toMatchObject({ code: 'not_usable' })
        const rights = (await reader.doctor()).find(({ about }) => about === 'rights')
        expect(rights).toMatchObject({ level: 'error', message: expect.stringMatching(/insert, update, delete on/) })

        await pool.query(`grant insert, update, delete on ${place.quoted}.row to ${role}`)
        expect(await reader.insert([aRow('a')])).toEqual(['inserted'])
        // The tables are up to date, so there is nothing that it would have to make.
        expect(await as({}).insert([aRow('b')])).toEqual(['inserted'])
      } finally {
        await place.end()
        await pool.query(`drop schema if exists ${place.quoted} cascade; drop role ${role}`)
      }
    })
  })
})
