/** What operators do from a shell to tasks, jobs and schedules of an SQLite file, and what they are told. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sqlite } from '../../adapters/sqlite/index.ts'
import { doctor } from '../../src/cli/commands/doctor.ts'
import { FatalError, job, type Piecework, piecework, type Storage, task } from '../../src/index.ts'
import { inside, Sink } from './inside.ts'
import { cli } from './kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'piecework-cli-'))
const file = join(folder, 'work.db')
const storage = `sqlite:${file}`
const quiet = { info() {}, warn() {}, error() {} }

const mail = task('mail', {
  run: ({ input }: { input: unknown }) => {
    if (input === 'bad') throw new FatalError('no route\nto \u009b31mho\u202est')
    return input
  },
})
const pages = job('pages', { map: () => 1 })
const bill = task('bill', { recurring: true, run: () => {}, onComplete: () => {} })
let work: Piecework

beforeAll(async () => {
  work = piecework({ storage: sqlite(file), definitions: [mail, pages, bill], logger: quiet })
  await work.schedule(mail, { name: 'daily', cron: '30 2 * * *', timeZone: 'Asia/Tokyo', input: 1 })
  await work.schedule(mail, { name: 'often', every: '90m', input: 1 })
  await work.scheduled('often').pause()
  await work.schedule(mail, { name: 'once', at: new Date('2999-01-01'), input: 1 })
})
afterAll(async () => {
  await work.close()
  rmSync(folder, { recursive: true, force: true })
})

const objects = (stdout: string) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
const lines = (stdout: string) => stripVTControlCharacters(stdout).split('\n').filter(Boolean)

/** Runs a command with nothing on standard error, and answers its lines of JSON. */
async function told(...args: string[]): Promise<unknown[]> {
  const { code, stdout, stderr } = await inside([...args, '--storage', storage])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return objects(stdout)
}

async function shown(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await inside([...args, '--storage', storage], true)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return lines(stdout)
}

/** The error is one line without colours into a pipe, and nothing is said beside it. */
async function refused(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await inside([...args, '--storage', storage])
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/^[^\n]+\n$/) })
  return stripVTControlCharacters(stderr)
}

describe('add', () => {
  test('stores a task by its name, with what flags say, and tells its id', async () => {
    const flags = ['--id', 'first', '--delay', '1h', '--priority', '2', '--key', 'you']
    expect(await told('add', 'mail', '--input', '{"to":"you"}', ...flags)).toEqual([{ id: 'first', status: 'added' }])
    const known = await work.get('first')
    expect(known).toMatchObject({ name: 'mail', input: { to: 'you' }, priority: 2, key: 'you', state: 'waiting' })
    expect(known!.runAt - known!.addedAt).toBe(3_600_000)
    expect(await told('add', 'mail', '--key', 'you')).toEqual([{ id: 'first', status: 'duplicate' }])
    expect(await shown('add', 'mail', '--key', 'you')).toEqual(['There is one already: first'])
  })

  test('stores one without an input, which a worker runs', async () => {
    const [added] = (await told('add', 'mail')) as { id: string }[]
    await work.drain()
    expect(await work.get(added!.id)).toMatchObject({ state: 'completed' })
  })

  test('of a task that recurs stores one of each input, as its app does', async () => {
    const { id } = await work.add(bill, { to: 'you', plan: 1 })
    const input = ['--input', '{"plan":1,"to":"you"}']
    expect(await told('add', 'bill', ...input, '--recurring')).toEqual([{ id, status: 'duplicate' }])
    await work.cancel(id)
    expect(await told('add', 'bill', ...input, '--recurring')).toMatchObject([{ status: 'added' }])
    expect(await work.add(bill, { to: 'you', plan: 1 })).toMatchObject({ status: 'duplicate' })
    expect(await refused('add', 'bill', '--recurring', '--key', 'k')).toContain('cannot be used with')
  })

  test('by the name of a job stores what its workers refuse, and explain says why', async () => {
    const [added] = (await told('add', 'pages')) as { id: string }[]
    await work.drain()
    expect(await shown('explain', added!.id)).toEqual([
      expect.stringMatching(/failed .*what was stored does not fit the definition\. .*pages is a job, .*`work\.run`/),
    ])
    expect(await work.remove(added!.id)).toBe(true)
  })

  test.each([
    [['--input', '{to: you}'], 'Expected JSON'],
    [['--delay', 'soon'], 'Expected a time such as 30s'],
    [['--priority', '10'], 'from 0 to 9'],
    [['--id', 'a/b'], 'Expected `id` to be'],
  ])('refuses %j', async (flags, line) => {
    expect(await refused('add', 'mail', ...flags)).toContain(line)
  })
})

describe('explain, retry and cancel', () => {
  test('CL-03 explain says why a task is where it is, on one line, in which escape codes are shown and steer no terminal', async () => {
    await work.add(mail, 'bad', { id: 'bad' })
    await work.drain()
    const [said] = (await told('explain', 'bad')) as { id: string; explanation: string }[]
    expect(said).toMatchObject({
      id: 'bad',
      explanation: expect.stringMatching(/^Task bad \(mail\) failed .*no route/),
    })
    const ran = await inside(['explain', 'bad', '--storage', storage], true)
    expect(ran.stdout).toBe(`${oneLineOf(ran.stdout)}\n`)
    expect(ran.stdout).toContain('no route to \\u009b31mho\\u202est')
    expect(ran.stdout).not.toMatch(/[\u202a-\u202e]/)
    expect(ran.stdout).not.toContain('This process')
    expect(await refused('explain', 'nope')).toBe('error: No task has the id nope\n')
  })

  test('retry runs again what failed, and says why it leaves the rest alone', async () => {
    await work.add(mail, 'bad', { id: 'again' })
    await work.drain()
    expect(await told('retry', 'again')).toEqual([{ id: 'again', retried: true }])
    expect(await work.get('again')).toMatchObject({ state: 'waiting', attempts: 0 })
    expect(await shown('retry', 'again')).toEqual(['again is retried'])
    await work.add(mail, 'good', { id: 'good' })
    await work.drain()
    expect(await refused('retry', 'good')).toMatch(/^error: Not retried: Task good \(mail\) was completed /)
    expect(await refused('retry', 'nope')).toBe('error: No task has the id nope\n')
  })

  test('cancel ends a task, a part and a job, once', async () => {
    await work.add(mail, 'later', { id: 'later', delay: '1h' })
    expect(await told('cancel', 'later')).toEqual([{ id: 'later', cancelled: true }])
    expect(await refused('cancel', 'later')).toMatch(/^error: Not cancelled: Task later \(mail\) was cancelled /)
    await work.run(pages, [1, 2], { id: 'job' })
    expect(await told('cancel', 'job/1')).toEqual([{ id: 'job/1', cancelled: true }])
    expect(await work.get('job/1')).toMatchObject({ state: 'cancelled' })
    expect(await shown('cancel', 'job')).toEqual(['job is cancelled'])
    expect(await work.job('job')).toMatchObject({ state: 'cancelled' })
    expect(await told('retry', 'job')).toEqual([{ id: 'job', retried: true }])
    await work.drain()
    expect(await work.job('job')).toMatchObject({ state: 'completed' })
  })
})

describe('schedules', () => {
  test('are JSON lines, with as many ticks as are asked for', async () => {
    const known = []
    for await (const schedule of work.schedules()) known.push(JSON.parse(JSON.stringify(schedule)))
    expect(known).toHaveLength(3)
    expect(await told('schedules')).toEqual(known)
    const [daily, often, once] = (await told('schedules', '--next', '2')) as { next: { local: string }[] }[]
    expect(daily!.next.map(({ local }) => local.slice(10))).toEqual(['T02:30:00+09:00', 'T02:30:00+09:00'])
    expect([often!.next, once!.next.length]).toEqual([[], 1])
  })

  test('are a table on a terminal, each tick in a line of its own', async () => {
    const [head, daily, second, often, once, ...more] = await shown('schedules', '--next', '2')
    expect(head).toMatch(/^SCHEDULE {2}TASK {2}STATE {3}NEXT +RULE$/)
    expect(daily).toMatch(/^daily {5}mail {2}active {2}\d{4}-\d\d-\d\dT02:30:00\+09:00 {2}30 2 \* \* \* Asia\/Tokyo$/)
    expect(second).toMatch(/^ +\d{4}-\d\d-\d\dT02:30:00\+09:00$/)
    expect(often).toMatch(/^often {5}mail {2}paused +every 90m$/)
    expect(once).toMatch(/^once +mail {2}active {2}2999-01-01T00:00:00\+00:00 {2}at 2999-01-01 00:00:00Z$/)
    expect(more).toEqual([])
  })
})

describe('doctor', () => {
  test('tells what the storage finds, and exits with 0 where nothing is wrong', async () => {
    expect(await told('doctor')).toContainEqual({ level: 'ok', about: 'schema', message: expect.any(String) })
    expect(await shown('doctor')).toContainEqual(expect.stringMatching(/^ok {5}schema +The tables are of version/))
  })

  test('exits with 1 where an app would not start', async () => {
    const broken = join(folder, 'broken.db')
    await piecework({ storage: sqlite(broken), definitions: [mail] }).close()
    const db = new DatabaseSync(broken)
    const [index] = db.prepare("select name from sqlite_master where type = 'index' and sql is not null").all()
    db.exec(`drop index "${index!.name}"`)
    db.close()
    const { code, stdout, stderr } = await cli(['doctor', '--storage', `sqlite:${broken}`])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^error: The database lacks [^\n]+\n$/)
    const level = 'error'
    const storage = { doctor: () => [{ level, about: 'clock', message: 'It is off.' }] } as unknown as Storage
    const sink = new Sink()
    await expect(doctor(storage, sink)).rejects.toThrow('It is off.')
    expect(objects(sink.text)).toEqual([{ level, about: 'clock', message: 'It is off.' }])
  })
})

function oneLineOf(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '')
}
