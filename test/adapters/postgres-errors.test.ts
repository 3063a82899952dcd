/** What is told when the server, the network or the pool does not do what it should. */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { listenerOf, startWire, throughPort } from '../servers/wire.ts'
import { withServer } from '../servers/with-server.ts'
import { freshSchema } from './fixtures/postgres-schema.ts'
import { pg, refusal, tampered } from './fixtures/postgres-subject.ts'
import { aRow, completed, wanting } from './fixtures/rows.ts'

await withServer('postgres', ({ url, own }) => {
  const place = freshSchema(url)
  const { pool, storageOn, atEnd } = place

  function urlWith(fields: Partial<URL>): string {
    return Object.assign(new URL(url), fields).href
  }

  async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
    return promise.then(
      () => expect.fail('it did not fail'),
      (error) => error,
    )
  }

  describe('a wrong address', () => {
    test.each([
      ['port', { port: '1' }, /could not be reached/],
      ['host', { hostname: 'no-such-host.invalid' }, /could not be reached/],
      ['database', { pathname: '/no_such_database' }, /There is no such database/],
      ['user', { username: 'nobody_here' }, /refused the user/],
    ])('that names another %s is not usable, and its password is not told', async (_, fields, message) => {
      const wrong = urlWith({ password: 'topsecret', ...fields })
      const error = await errorOf(storageOn(wrong, { callTimeoutMs: 3000 }).insert([aRow('a')]))
      expect(error).toMatchObject({ name: 'StorageError', code: 'not_usable', message: expect.stringMatching(message) })
      const told: string[] = []
      for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
        told.push(cause.message, String(cause.stack), JSON.stringify(cause))
      }
      expect(told.join('\n')).not.toContain('topsecret')
    })

    test('with a wrong password is not usable, and the password is not told', async ({ skip }) => {
      skip(!own, 'the server is not ours to change')
      const role = `locked_${process.pid}`
      await pool.query(`create role ${role} login password 'right'`)
      const file = (await pool.query('show hba_file')).rows[0].hba_file
      const rules = readFileSync(file, 'utf8')
      writeFileSync(file, `host all ${role} 127.0.0.1/32 scram-sha-256\n${rules}`)
      atEnd(async () => {
        writeFileSync(file, rules)
        await pool.query(`select pg_reload_conf(); drop role ${role}`)
      })
      await pool.query('select pg_reload_conf()')
      const tell = async () => {
        const storage = storageOn(urlWith({ username: role, password: 'topsecret' }))
        const { code, message } = await errorOf(storage.insert([aRow('a')]))
        return `${code}: ${message}`
      }
      // The server reads its rules a moment later.
      await expect.poll(tell).toMatch(/^not_usable: Postgres refused the user or the password/)
      expect(await tell()).not.toContain('topsecret')
    })
  })

  describe('DB-10 a pool whose connections are all in use', () => {
    test('makes a call fail with `busy` in time, and what comes free later goes back unused', async () => {
      const one = new pg.Pool({ connectionString: url, max: 1 })
      atEnd(() => one.end())
      const storage = storageOn(one, { callTimeoutMs: 700, listen: false })
      await storage.migrate()
      const held = await one.connect()
      const refused = { code: 'busy', message: expect.stringMatching(/No connection within 700 ms/) }
      await expect(storage.insert([aRow('a')])).rejects.toMatchObject(refused)
      held.release()
      await expect.poll(() => [one.totalCount, one.idleCount, one.waitingCount]).toEqual([1, 1, 0])
      expect(await storage.get(['a'])).toEqual([undefined])
      expect(await storage.insert([aRow('a')])).toEqual(['inserted'])
    })

    test('is enough for any number of calls at the same time, when each is short', async () => {
      const one = new pg.Pool({ connectionString: url, max: 1 })
      atEnd(() => one.end())
      const storage = storageOn(one)
      const stop = await storage.watch(() => {})
      const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => storage.insert([aRow(`a${at}`)])))
      expect(answers.flat()).toEqual(Array(100).fill('inserted'))
      await stop()
    })
  })

  test('DB-06 a connection that goes silent ends its call in time, and the next one takes another', async () => {
    const wire = await startWire(listenerOf(url))
    const through = new pg.Pool({ connectionString: throughPort(url, wire.port) })
    atEnd(() => through.end())
    atEnd(() => wire.end())
    const storage = storageOn(through, { callTimeoutMs: 1000 })
    await storage.insert([aRow('a', { wakeAt: null })])
    wire.cut()
    const error = await errorOf(storage.claim(wanting('resize', 1)))
    // Nobody knows whether it was done: no code says so.
    expect(error).toMatchObject({ name: 'Error', message: expect.stringMatching(/no answer within 1000 ms/) })
    wire.mendForNew()
    await expect.poll(() => storage.get(['a'])).toHaveLength(1)
  })

  test('a call that fails behind its first write has no code that would say that nothing was done', async () => {
    let left = Number.POSITIVE_INFINITY
    const connect = async () =>
      tampered(await pool.connect(), (_, send) => {
        left -= 1
        return left >= 0 ? send() : Promise.reject(refusal('57014', 'cancelled'))
      })
    const storage = storageOn({ connect, on: () => {}, off: () => {} })
    const row = aRow('a', { wakeAt: null })
    await storage.insert([row])
    const calls = [() => storage.insert([row]), () => storage.apply([completed({ ...row, rev: 1 })])]
    for (const call of calls) {
      left = 0
      expect(await errorOf(call())).toMatchObject({ name: 'StorageError', code: 'busy' })
      left = 1
      expect(await errorOf(call())).toMatchObject({
        name: 'Error',
        message: expect.stringMatching(/may have been done/),
      })
    }
  })

  /** A connection of the app, which is given up however the test ends. */
  async function appClient() {
    const client = new pg.Client(url)
    client.on('error', () => {})
    await client.connect()
    atEnd(() => client.end())
    return client
  }

  test('DB-09 a deadlock with a transaction of the app is tried again', async () => {
    // Whose timer ends finds the deadlock: that of the storage, and not before the app has come into it.
    const patient = new pg.Pool({ connectionString: url, options: '-c deadlock_timeout=3000' })
    atEnd(() => patient.end())
    const storage = storageOn(patient)
    const rows = [aRow('a'), aRow('b')]
    await storage.insert(rows)
    const app = await appClient()
    const lock = (id: string) => app.query(`select 1 from ${place.quoted}.row where id = '${id}' for update`)
    await app.query("begin; set local deadlock_timeout = '1min'")
    await lock('b')
    const applied = storage.apply(rows.map((row) => completed(row)))
    const waits = async () =>
      (await pool.query("select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'with c as%'"))
        .rowCount
    await expect.poll(waits, { timeout: 2500 }).toBe(1)
    // That the app gets this lock at all says that the storage was rolled back.
    await lock('a')
    await app.query('commit')
    expect(await applied).toEqual(['applied', 'applied'])
  })

  test('a statement that the server cancels was not done', async () => {
    const storage = storageOn(`${url}?statement_timeout=1500`)
    await storage.migrate()
    await storage.insert([aRow('a')])
    const app = await appClient()
    await app.query(`begin; select 1 from ${place.quoted}.row for update`)
    await expect(storage.apply([completed(aRow('a'))])).rejects.toMatchObject({ code: 'busy' })
    await app.query('rollback')
    expect(await storage.get(['a'])).toEqual([aRow('a')])
  })

  test('DB-05 idle connections of the pool that break are none of the process its end', async () => {
    const name = `idle ${place.schema}`
    const fragile = new pg.Pool({ connectionString: url, application_name: name })
    atEnd(() => fragile.end())
    const storage = storageOn(fragile)
    await Promise.all([1, 2, 3].map((at) => storage.insert([aRow(`a${at}`, { wakeAt: null })])))
    expect(fragile.idleCount).toBeGreaterThan(0)
    await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [name])
    await expect.poll(() => fragile.totalCount).toBe(0)
    expect(await storage.get(['a1'])).toEqual([aRow('a1', { wakeAt: null })])
  })
})
