/** What the Postgres storage finds when it looks at itself. */
import { expect, test } from 'vitest'
import type { PgPool, PostgresOptions } from '../../adapters/postgres/index.ts'
import type { Finding } from '../../src/storage/index.ts'
import { withServer } from '../servers/with-server.ts'
import { freshSchema } from './fixtures/postgres-schema.ts'
import { pg } from './fixtures/postgres-subject.ts'
import { aRow } from './fixtures/rows.ts'

await withServer('postgres', ({ url, own }) => {
  const place = freshSchema(url)
  const { pool, storageOn, atEnd } = place

  async function found(on: PgPool | string = pool, options: PostgresOptions = {}): Promise<readonly Finding[]> {
    return storageOn(on, options).doctor()
  }

  const about = (findings: readonly Finding[], what: string) => findings.filter((finding) => finding.about === what)

  test('a sound server gives no error and no warning, and the tables are made', async () => {
    const findings = await found()
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
    const looked = ['server', 'durability', 'clock', 'schema', 'indexes', 'rights', 'hints']
    expect(findings.map((finding) => finding.about)).toEqual(looked)
  })

  test('DB-19 an index that is missing or not valid is an error, and running what it says ends it', async () => {
    await found()
    await pool.query(`drop index ${place.quoted}.row_key`)
    await pool.query(`update pg_index set indisvalid = false where indexrelid = $1::regclass`, [
      `${place.quoted}.row_due`,
    ])
    const [finding] = about(await found(), 'indexes')
    expect(finding).toMatchObject({
      level: 'error',
      message: expect.stringMatching(/^Missing or not valid: row_due, row_key/),
    })
    const cure = /Run `(.*)`/.exec(finding?.message ?? '')?.[1] ?? ''
    await pool.query(cure)
    expect(about(await found(), 'indexes')).toMatchObject([{ level: 'ok' }])
  })

  test('UP-03 tables of a later version are an error', async () => {
    await found()
    await pool.query(`update ${place.quoted}.meta set value = 99`)
    expect(about(await found(), 'schema')).toMatchObject([
      { level: 'error', message: expect.stringMatching(/version 99/) },
    ])
  })

  test('tables that are not there are an error where none are to be made', async () => {
    const findings = await found(pool, { migrate: false })
    expect(about(findings, 'schema')).toMatchObject([{ level: 'error', message: expect.stringMatching(/migrate\(\)/) }])
  })

  test.each([
    ['synchronous_commit=off', 'durability', 'warning', /crash of the server takes/],
    ['default_transaction_isolation=serializable', 'isolation', 'warning', /With serializable as the default/],
    ['default_transaction_read_only=on', 'server', 'error', /takes no writes/],
  ])('a server with %s is told of', async (setting, what, level, message) => {
    await found()
    const set = new pg.Pool({ connectionString: url, options: `-c ${setting}` })
    atEnd(() => set.end())
    const findings = about(await found(set), what).filter((finding) => finding.level !== 'ok')
    expect(findings).toMatchObject([{ level, message: expect.stringMatching(message) }])
  })

  test('DB-08 a server that takes no writes is taken as passing', async () => {
    await found()
    const set = new pg.Pool({ connectionString: url, options: '-c default_transaction_read_only=on' })
    atEnd(() => set.end())
    await expect(storageOn(set).insert([aRow('a')])).rejects.toMatchObject({ code: 'busy' })
  })

  test('fsync and autovacuum that are off are told of', async ({ skip }) => {
    skip(!own, 'the server is not ours to change')
    const set = async (value: string) => {
      for (const name of ['fsync', 'full_page_writes', 'autovacuum'])
        await pool.query(`alter system set ${name} = ${value}`)
      await pool.query('select pg_reload_conf()')
      await expect.poll(async () => (await pool.query('show fsync')).rows[0].fsync).toBe(value)
    }
    await set('off')
    try {
      const findings = await found()
      expect(about(findings, 'durability')).toMatchObject([
        { level: 'warning', message: expect.stringMatching(/fsync off.*full_page_writes off/) },
      ])
      expect(about(findings, 'autovacuum')).toMatchObject([{ level: 'warning' }])
    } finally {
      await set('on')
    }
  })

  test('a database that cannot hold every text is an error', async () => {
    const database = `latin_${process.pid}`
    await pool.query(`create database ${database} encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'`)
    const latin = new URL(url)
    latin.pathname = `/${database}`
    expect(about(await found(latin.href), 'encoding')).toMatchObject([{ level: 'error' }])
    await place.end()
    await pool.query(`drop database ${database}`)
  })

  test('hints that are turned off, and a pool that makes no connection to listen on, are told of', async () => {
    expect(about(await found(pool, { listen: false }), 'hints')).toMatchObject([{ level: 'ok' }])
    const bare = { connect: () => pool.connect(), on: () => {}, off: () => {} }
    expect(about(await found(bare), 'hints')).toMatchObject([{ level: 'warning' }])
  })

  test('it throws where there is no server to look at', async () => {
    await expect(found('postgres://nobody:secret@127.0.0.1:1/none')).rejects.toMatchObject({ code: 'not_usable' })
  })
})
