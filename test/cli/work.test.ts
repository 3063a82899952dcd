/** `work` in one process: it loads the app's module, does its work, and ends as it is told to. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { piecework, task } from '../../src/index.ts'
import { cli } from './kit.ts'
import { app, begun, insist, type Place, patience, place, status } from './working.ts'

let here: Place
beforeEach(() => {
  here = place()
})
afterEach(() => here.close())

test('work runs the tasks of the instance that a module exports, and answers over HTTP beside it', async () => {
  const working = await begun(`work ${app} --port 0 --token-file ${here.tokenFile}`, here.env)
  await here.add('a', 'answer')
  await expect.poll(() => here.stateOf('a'), patience).toBe('completed')
  expect((await here.work.get('a'))?.result).toBe(working.child.pid)
  const told = await status(working.address)
  expect(told).toMatchObject({ worker: { running: true }, tasks: { order: { completed: 1 } } })
  expect(told).not.toHaveProperty('cluster')
  expect(await status(working.address, '?format=party')).toMatchObject({
    total_workers: 1,
    restarted_workers: 'Unavailable',
  })
  working.child.kill('SIGTERM')
  const { code, stdout, stderr } = await working.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout.split('\n')[1]!)).toEqual({ stopped: true, givenBack: [], abandoned: [] })
})

test('work --only schedules begins no task', async () => {
  await here.add('a', 'answer')
  const working = await begun(`work ${app} --only schedules`, here.env)
  working.child.kill('SIGINT')
  expect(await working.ended).toMatchObject({ code: 0 })
  expect(await here.stateOf('a')).toBe('waiting')
})

describe('SD-04', () => {
  test('at SIGTERM what runs has the time that --timeout says, is then given back, or left to its lease if it is deaf', async () => {
    for (const how of ['heed', 'deaf'] as const) {
      await here.add(how, how)
      const working = await begun(`work ${app} --timeout 300ms`, here.env)
      await expect.poll(() => here.stateOf(how), patience).toBe('running')
      const told = performance.now()
      working.child.kill('SIGTERM')
      const { code, stdout } = await working.ended
      const tookMs = performance.now() - told
      expect(code).toBe(0)
      expect(tookMs).toBeGreaterThan(300)
      // The rest is a busy machine's; without a bound it would be a minute.
      expect(tookMs).toBeLessThan(15_000)
      const report = JSON.parse(stdout.trim().split('\n').at(-1)!)
      expect(report).toMatchObject(how === 'heed' ? { givenBack: ['heed'] } : { abandoned: ['deaf'] })
      expect(await here.work.get(how)).toMatchObject(
        how === 'heed' ? { state: 'waiting', attempts: 0 } : { state: 'running', attempts: 1 },
      )
      await here.work.cancel(how)
    }
  })

  test('a second signal ends the process at once, but not one that is the first, sent on', async () => {
    await here.add('a', 'heed')
    const working = await begun(`work ${app} --timeout 1h`, here.env)
    await expect.poll(() => here.stateOf('a'), patience).toBe('running')
    working.child.kill('SIGINT')
    working.child.kill('SIGTERM')
    // As long as a wish may take to arrive twice.
    await new Promise((resolve) => setTimeout(resolve, 900))
    expect(working.child.exitCode ?? working.child.signalCode).toBeNull()
    await insist(working, 'SIGTERM')
    expect(await working.ended).toMatchObject({ code: 'SIGTERM' })
    expect(await here.work.get('a')).toMatchObject({ state: 'running', attempts: 1 })
  })

  test('the library itself listens to no signal', async () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const
    const counts = () => signals.map((signal) => process.listenerCount(signal))
    const before = counts()
    await using work = piecework({ storage: memory(), definitions: [task('none', { run: () => {} })] })
    await work.start()
    expect(counts()).toEqual(before)
  })
})

test.each([
  ['throws', /app\.ts cannot be loaded: out of paper \(file:\S+app\.ts:\d+:\d+\)\n$/],
  ['empty', /Expected \S+app\.ts to export what piecework\(\.\.\.\) gives, as `work` or as its default\n$/],
])('a module that %s is told in one line', async (APP_WRONG, line) => {
  const { code, stdout, stderr } = await cli(['work', app], { ...here.env, APP_WRONG })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^error: [^\n]+\n$/)
  expect(stderr).toMatch(line)
})

test.each([
  [['none.ts'], 'There is no file none.ts'],
  [[app, '--port', '0', '--token-file', 'none'], 'ENOENT'],
  [[app, '--cluster', '0'], 'from 1 to 512, or nothing: one for each core'],
  [[app, '--only', 'rows'], 'Allowed choices are tasks, schedules'],
  [[app, '--timeout', 'soon'], 'Expected a time'],
])('work %j is refused in one line', async (args, line) => {
  const { code, stdout, stderr } = await cli(['work', ...args], here.env)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^error: [^\n]+\n$/)
  expect(stderr).toContain(line)
})
