/** Handlers in threads: all that they tell, all that they can do to their thread, and what is left of that. */
import { execFile } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { FatalError, fixed, never, type Piecework, piecework, task } from '../../src/index.ts'
import type echoModule from './handlers/echo.ts'

const lines: string[] = []
const logger = {
  info() {},
  warn: (line: string) => void lines.push(line),
  error: (line: string) => void lines.push(line),
}
const at = (name: string) => new URL(`./handlers/${name}.ts`, import.meta.url)
const bad = (options: { timeout?: number; threads?: number; memoryMb?: number } = {}) =>
  task<string>('bad', { file: at('misbehaves'), threads: 1, retry: never(), ...options })

type Span = ReturnType<typeof import('./handlers/burns.ts').default>

/** What vitest itself has open. */
const idle = process.getActiveResourcesInfo().filter((one) => /Worker|MessagePort/.test(one))

let open: Piecework[] = []
afterEach(async () => {
  await Promise.all(open.map((work) => work.close({ timeout: 0 })))
  open = []
  lines.length = 0
})

function works(...definitions: Parameters<typeof piecework>[0]['definitions'] & unknown[]): Piecework {
  const work = piecework({ storage: memory(), definitions: definitions as [], logger, poll: 20 })
  open.push(work)
  return work
}

async function ended(work: Piecework, id: string) {
  await expect.poll(async () => (await work.get(id))?.state, { timeout: 20_000 }).toMatch(/completed|failed/)
  return (await work.get(id))!
}

describe('a handler in a thread', () => {
  test('is given its task, and what it logs, emits, requests and reports is kept as if it ran here', async () => {
    const requests: unknown[] = []
    const checked = task<typeof import('./handlers/echo.ts')>('echo', {
      file: at('echo'),
      check: async (outcome) => {
        for await (const request of outcome.requests) requests.push(request)
        return outcome.errorCount === 1
      },
    })
    const work = works(checked)
    const { id } = await work.add(checked, { n: 1 })
    await work.drain()
    const found = await work.get(id)
    expect(found).toMatchObject({
      state: 'completed',
      progress: { at: 2 },
      logs: ['begun', 'one mistake'],
      itemCount: 4,
    })
    expect(found?.result).toMatchObject({ id, name: 'echo', input: { n: 1 }, attempt: 1, isMainThread: false })
    const items: unknown[] = []
    for await (const item of work.items(id)) items.push(item)
    expect(items).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }, { item: 'not waited for' }])
    expect(requests).toEqual([{ url: 'x' }])
    const type: Awaited<ReturnType<typeof echoModule>> | undefined = found?.result
    expect(type?.threadId).toBeGreaterThan(0)
  })

  test('says of its error what it is: name, message, stack, cause; a FatalError is final; null can be thrown', async () => {
    const retrying = task<string>('bad', {
      file: at('misbehaves'),
      threads: 1,
      retry: fixed({ delay: '1h', maxAttempts: 2 }),
    })
    const work = works(retrying)
    const [thrown, fatal, nothing] = await work.add(
      ['throws', 'isFatal', 'throwsNull'].map((deed) => retrying.with(deed)),
    )
    await work.drain()
    expect(await work.get(thrown!.id)).toMatchObject({
      state: 'waiting',
      errors: [
        {
          name: 'TypeError',
          message: 'bad',
          cause: 'RangeError: far',
          stack: expect.stringContaining('misbehaves.ts'),
        },
      ],
    })
    expect(await work.get(fatal!.id)).toMatchObject({
      state: 'failed',
      reason: 'fatal',
      errors: [{ name: new FatalError().name }],
    })
    expect((await work.get(nothing!.id))?.errors).toMatchObject([{ name: 'null', message: 'threw `null`' }])
  })

  test('an error may have any name', async () => {
    const one = bad()
    const work = works(one)
    const added = await work.add(['toString', 'constructor', '__proto__'].map((name) => one.with(`named ${name}`)))
    await work.drain()
    const errors = await Promise.all(added.map(async ({ id }) => (await work.get(id))?.errors[0]))
    expect(errors).toMatchObject(
      ['toString', 'constructor', '__proto__'].map((name) => ({ name, message: 'of that name' })),
    )
  })

  test('Y7 of a task that recurs is told when it last ended well', async () => {
    const seen: unknown[] = []
    const again = task<typeof import('./handlers/echo.ts')>('again', {
      file: at('echo'),
      threads: 1,
      onComplete: ({ result, scheduleNextRun }) => {
        seen.push(result.lastRunAt)
        if (seen.length < 2) scheduleNextRun({ minutes: 1 })
      },
    })
    const work = works(again)
    const { id } = await work.add(again, { n: 1 })
    await work.drain()
    await work.runTask(id)
    expect(seen).toEqual([undefined, expect.any(Number)])
  })

  test('all that it said before it ended counts, however much that was', async () => {
    const one = bad()
    const work = works(one)
    const { id } = await work.add(one, 'talks')
    await work.drain()
    expect(await work.get(id)).toMatchObject({ result: 'said', progress: { n: 5_000 }, itemCount: 5_000 })
  })

  test('what cannot be stored is refused as it is here, and snooze gives the attempt back', async () => {
    const one = bad()
    const work = works(one)
    const deeds = ['returnsFunction', 'emitsFunction', 'snoozes', 'snoozesQuietly']
    const added = await work.add(deeds.map((deed) => one.with(deed)))
    await work.drain()
    const [result, item, snoozed, quiet] = await Promise.all(added.map(({ id }) => work.get(id)))
    expect(result).toMatchObject({ state: 'failed', reason: 'unstorable', errors: [{ name: 'PayloadError' }] })
    expect(item).toMatchObject({ state: 'failed', reason: 'exhausted', errors: [{ name: 'PayloadError' }] })
    expect(snoozed).toMatchObject({ state: 'waiting', attempts: 0, errors: [] })
    expect(quiet).toMatchObject({ state: 'waiting', attempts: 0, errors: [] })
  })
})

describe('a thread', () => {
  test.each([
    ['that exits', 'exits', { name: 'Error', message: 'worker exited with code: 3' }],
    ['ER-02 that throws later, beside its handler', 'throwsLater', { name: 'TypeError', message: 'later' }],
    ['ER-02 that rejects what nobody waits for', 'rejectsBeside', { name: 'Error', message: 'beside' }],
    ['CR-09 that runs out of memory', 'grows', { message: expect.stringContaining('memory limit') }],
  ])('CR-13 %s is a failed attempt, and its place is free again', async (_, deed, error) => {
    const one = bad({ memoryMb: 32 })
    const work = works(one)
    await work.start()
    const [first, second] = await work.add([one.with(deed), one.with('isFine')])
    expect(await ended(work, first!.id)).toMatchObject({ state: 'failed', reason: 'exhausted', errors: [error] })
    expect(await ended(work, second!.id)).toMatchObject({ state: 'completed', result: 'fine' })
  })

  test('ER-03 that spins for ever ends with its timeout, and the next task runs', async () => {
    const one = bad({ timeout: 200 })
    const work = works(one)
    await work.start()
    const [first, second] = await work.add([one.with('spins'), one.with('isFine')])
    const message = 'The attempt ran longer than its timeout of 200 ms'
    expect(await ended(work, first!.id)).toMatchObject({ state: 'failed', errors: [{ name: 'TimeoutError', message }] })
    expect(await ended(work, second!.id)).toMatchObject({ result: 'fine' })
    expect((await work.status()).worker).toMatchObject({ threads: 1 })
  })

  test('a handler hears its signal, with the reason, and may end by itself', async () => {
    const one = bad({ timeout: 100 })
    const work = works(one)
    await work.start()
    const { id } = await work.add(one, 'listens')
    expect((await ended(work, id)).errors).toMatchObject([{ name: 'TimeoutError' }])
    const quiet = task<string>('quiet', { file: at('hears'), threads: 1, timeout: 100 })
    const other = works(quiet)
    await other.start()
    expect((await ended(other, (await other.add(quiet, 'x')).id)).result).toEqual({
      name: 'TimeoutError',
      isTimeout: true,
    })
  })

  test('RC-05 a cancelled task has its thread ended, though it never looks at its signal', async () => {
    const one = bad()
    const work = works(one)
    await work.start()
    const { id } = await work.add(one, 'spins')
    await expect.poll(async () => (await work.status()).worker.threads).toBe(1)
    expect(await work.cancel(id)).toBe(true)
    const { id: next } = await work.add(one, 'isFine')
    expect(await ended(work, next)).toMatchObject({ result: 'fine' })
    expect((await work.get(id))?.state).toBe('cancelled')
  })

  test('what a handler left behind ends its thread later, and nothing else', async () => {
    const one = bad()
    const work = works(one)
    await work.start()
    expect(await ended(work, (await work.add(one, 'leaves')).id)).toMatchObject({ state: 'completed', result: 'done' })
    await expect.poll(() => lines.join()).toContain('ended while it had nothing to do: left behind')
    await expect.poll(async () => (await work.status()).worker.threads).toBe(0)
    expect(await ended(work, (await work.add(one, 'isFine')).id)).toMatchObject({ result: 'fine' })
  })
})

describe('the end', () => {
  test.each(['spins', 'neverEnds'])('SD-01 SD-03 a stop gives %s back, in time, with no thread left', async (deed) => {
    const one = bad()
    const work = works(one)
    await work.start()
    const { id } = await work.add(one, deed)
    await expect.poll(async () => (await work.status()).worker.threads).toBe(1)
    const before = performance.now()
    expect(await work.stop({ timeout: 100 })).toEqual({ givenBack: [id], abandoned: [] })
    console.log(`stopped after ${Math.round(performance.now() - before)} ms`)
    expect(performance.now() - before).toBeLessThan(1_500)
    expect((await work.status()).worker.threads).toBe(0)
    expect(await work.get(id)).toMatchObject({ state: 'waiting', attempts: 0 })
    // Ports that were closed are open for some turns more where all cores are busy.
    const open = () => process.getActiveResourcesInfo().filter((one) => /Worker|MessagePort/.test(one))
    await expect.poll(open).toEqual(idle)
  })

  test('LD-06 what an attempt needs of ports and listeners goes with it', async () => {
    const one = bad({ threads: 2 })
    const work = works(one)
    await work.start()
    await ended(work, (await work.add(one, 'isFine')).id)
    const open = () => process.getActiveResourcesInfo().filter((each) => each === 'MessagePort').length
    const most: number[] = []
    work.on('completed', () => void most.push(open()))
    const added = await work.add(Array.from({ length: 100 }, (_, n) => one.with(n % 20 ? 'isFine' : 'exits')))
    for (const { id } of added) await ended(work, id)
    console.log(`${Math.max(...most)} ports at most, ${open()} at the end`)
    // Of each thread two of the pool's, and one of its attempt that is under way or just over.
    expect(Math.max(...most)).toBeLessThan(20)
  })

  test('an instance that stopped starts threads again', async () => {
    const one = bad()
    const work = works(one)
    for (let round = 0; round < 3; round++) {
      await work.start()
      expect(await ended(work, (await work.add(one, 'isFine')).id)).toMatchObject({ result: 'fine' })
      await work.stop()
      expect((await work.status()).worker.threads).toBe(0)
    }
  })
})

describe('as many as there are', () => {
  test('one for each core by default; no more attempts are begun than there are threads', async () => {
    const burns = task<typeof import('./handlers/burns.ts')>('burns', { file: at('burns') })
    expect(burns.settings.concurrency).toBe(availableParallelism())
    const two = task<typeof import('./handlers/burns.ts')>('two', { file: at('burns'), threads: 2 })
    const work = works(two)
    const done = new Promise<void>((resolve) => {
      let count = 0
      work.on('completed', () => ++count === 8 && resolve())
    })
    await work.start()
    // With both threads there, so that their start is not measured.
    for (const { id } of await work.add([two.with({ ms: 1 }), two.with({ ms: 1 })])) await ended(work, id)
    const added = await work.add(Array.from({ length: 6 }, () => two.with({ ms: 300 })))
    const cpu = process.cpuUsage()
    const wall = performance.now()
    await done
    const { user, system } = process.cpuUsage(cpu)
    const cores = (user + system) / 1_000 / (performance.now() - wall)
    const load = loadavg()[0]?.toFixed(1)
    console.log(`${availableParallelism()} cores, a load of ${load}: ${cores.toFixed(2)} cores used by 2 threads`)
    const spans = (await Promise.all(added.map(({ id }) => work.get(id)))).map((found) => found?.result as Span)
    expect(new Set(spans.map(({ thread }) => thread)).size).toBe(2)
    const atOnce = spans.map(({ from }) => spans.filter((each) => each.from <= from && from < each.to).length)
    expect(Math.max(...atOnce)).toBe(2)
  })
})

describe('what is missing', () => {
  test('a file that is not there fails the start, and an attempt', async () => {
    const lost = task('lost', { file: at('nowhere'), threads: 1, retry: never() })
    const work = works(lost)
    await expect(work.start()).rejects.toThrow(/ENOENT.*nowhere\.ts/)
    const { id } = await work.add(lost)
    await work.drain()
    expect((await work.get(id))?.errors).toMatchObject([
      { message: expect.stringMatching(/Cannot find module.*nowhere/) },
    ])
  })

  test('threads that end before they could begin fail what waits for them', async () => {
    const [boot, child] = ['stillborn.mjs', 'stillborn.ts'].map(
      (name) => new URL(`./${name}`, import.meta.url).pathname,
    )
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', boot!, child!], { timeout: 20_000 })
    expect(JSON.parse(stdout)).toBe('Its thread ended before it could begin')
  })

  test('a module without a default export is told at the first run', async () => {
    const file = at('no-default')
    const one = task('one', { file, threads: 1, retry: never() })
    const work = works(one)
    await work.start()
    const message = `Expected \`file\` to be a module whose default export is a handler (${file.href}), got \`undefined\``
    expect((await ended(work, (await work.add(one)).id)).errors).toMatchObject([{ name: 'TypeError', message }])
  })

  test('options that cannot be are told at once', () => {
    const make = (options: object) => () => task('x', options as never)
    const file = at('echo')
    expect(make({ file: 'echo.ts' })).toThrow(/`file` to be the URL of a file.*got `"echo.ts"` \(string\)/)
    expect(make({ file: new URL('https://example.org/x.js') })).toThrow('got an URL')
    expect(make({ file, run: () => {} })).toThrow('Expected one of `run` and `file`, got both')
    expect(make({ file, concurrency: 2 })).toThrow('Expected `threads` in the place of `concurrency`')
    expect(make({ file, threads: 0 })).toThrow('`threads` to be an integer from 1')
    expect(make({ file, memoryMb: 1 })).toThrow('`memoryMb` to be an integer from 8')
    expect(make({ threads: 2, run: () => {} })).toThrow('only beside `file`')
    expect(make({})).toThrow('Expected `run` to be a function')
  })
})
