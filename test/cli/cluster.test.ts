/** `--cluster`: several processes with the same work, of which those that die are started again, and none is left over. */
import { existsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { delayMaxMs, delayMinMs, delayMsAfter } from '../../src/cli/cluster/delay.ts'
import { cli, shell } from './kit.ts'
import {
  allGone,
  app,
  begun,
  childrenOf,
  insist,
  isAlive,
  type Place,
  patience,
  place,
  status,
  token,
} from './working.ts'

let here: Place
beforeEach(() => {
  here = place()
})
afterEach(() => here.close())

test('Y1 Y18 processes share one port; who is killed is started again, and counted in the status of all', async () => {
  const working = await begun(`work ${app} --cluster 2 --port 0 --token-file ${here.tokenFile}`, here.env)
  const { address } = working
  const first = here.pids()
  expect(new Set(first).size).toBe(2)
  expect(first).not.toContain(working.child.pid)
  expect(await status(address)).toMatchObject({ cluster: { processes: 2, running: 2, restarts: 0 } })
  await here.add('a', 'answer')
  await expect.poll(() => here.stateOf('a'), patience).toBe('completed')
  expect(first).toContain((await here.work.get('a'))?.result)

  process.kill(first[1]!, 'SIGKILL')
  const again = { processes: 2, running: 2, restarts: 1 }
  await expect.poll(async () => (await status(address)).cluster, patience).toEqual(again)
  // One after the other they answer, and each knows.
  for (let at = 0; at < 4; at++) expect((await status(address)).cluster).toEqual(again)
  expect(await status(address, '?format=party')).toMatchObject({ total_workers: 2, restarted_workers: 1 })
  const metrics = await fetch(`${address}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  expect(await metrics.text()).toContain('\npiecework_cluster_restarts_total 1\n')
  expect(working.said.stderr).toBe(
    `warning: Process 2 (pid ${first[1]}) was ended by SIGKILL. It is started again in 0.25 s\n`,
  )

  working.child.kill('SIGTERM')
  expect(await working.ended).toMatchObject({ code: 0 })
  expect(here.pids().filter(isAlive)).toEqual([])
})

test('one that dies at once is started again after longer and longer, and a stop does not wait for that', async () => {
  const working = await begun(`work ${app} --cluster 1`, { ...here.env, APP_WRONG: 'dies' })
  await expect.poll(() => working.said.stderr, patience).toContain('again in 1 s')
  const told = working.said.stderr.trim().split('\n')
  expect(told.map((line) => line.replace(/\(pid \d+\)/, ''))).toEqual(
    ['0.25', '0.5', '1'].map((s) => `warning: Process 1  ended with exit code 7. It is started again in ${s} s`),
  )
  expect(here.pids().length).toBe(3)
  working.child.kill('SIGINT')
  expect(await working.ended).toMatchObject({ code: 0 })
  expect(here.pids().length).toBe(3)
})

test('delays grow up to a bound', () => {
  const delays = Array.from({ length: 2_000 }, (_, at) => delayMsAfter(at + 1))
  expect(delays[0]).toBe(delayMinMs)
  expect(delays.at(-1)).toBe(delayMaxMs)
  expect(delays.every((delay, at) => delay >= (delays[at - 1] ?? 0) && delay <= delayMaxMs)).toBe(true)
})

describe('what keeps the first from beginning is told once, and nothing is started again:', () => {
  test.each([
    ['throws', /^error: \S+ cannot be loaded: out of paper [^\n]+\n$/],
    ['exits', /^error: The first process ended with exit code 0 before it had begun\n$/],
  ])('a module that %s', async (APP_WRONG, line) => {
    const { code, stdout, stderr } = await cli(['work', app, '--cluster', '2'], { ...here.env, APP_WRONG })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(line)
    expect(here.pids().length).toBe(1)
  })

  test('a port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await expect.poll(() => taken.listening).toBe(true)
    const { port } = taken.address() as { port: number }
    const { code, stderr } = await cli(['serve', '--cluster', '2', '--port', String(port)], here.env)
    taken.close()
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: [^\n]*EADDRINUSE[^\n]*\n$/)
  })
})

test('when the one that started them is killed, they give back what they run and end', async () => {
  await here.add('a', 'heed')
  const working = await begun(`work ${app} --cluster 2 --timeout 100ms`, here.env)
  await expect.poll(() => here.stateOf('a'), patience).toBe('running')
  working.child.kill('SIGKILL')
  await allGone(here.pids())
  expect(await here.work.get('a')).toMatchObject({ state: 'waiting', attempts: 0 })
})

describe('SD-04', () => {
  test('Ctrl-C, which all of them get, is one signal: what runs has its time, and is given back', async () => {
    await here.add('a', 'heed')
    await here.add('b', 'heed')
    const working = await begun(`work ${app} --cluster 2 --timeout 1s`, here.env)
    for (const id of ['a', 'b']) await expect.poll(() => here.stateOf(id), patience).toBe('running')
    process.kill(-working.child.pid!, 'SIGINT')
    const { code, stdout, stderr } = await working.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { givenBack } = JSON.parse(stdout.trim().split('\n').at(-1)!)
    expect(givenBack.sort()).toEqual(['a', 'b'])
    expect(here.pids().filter(isAlive)).toEqual([])
  })

  test('what has died is not started again meanwhile, and a second signal ends all of them at once', async () => {
    await here.add('a', 'heed')
    const working = await begun(`work ${app} --cluster 2 --timeout 1h`, here.env)
    await expect.poll(() => here.stateOf('a'), patience).toBe('running')
    const { holder = '' } = (await here.work.get('a')) ?? {}
    const isBusy = (pid: number) => holder.includes(`:${pid}:`)
    const both = here.pids()
    process.kill(both.find((pid) => !isBusy(pid))!, 'SIGKILL')
    await expect.poll(() => working.said.stderr, patience).toContain('again in 0.25 s')
    working.child.kill('SIGTERM')
    // As long as a wish may take to arrive twice, and longer than the delay.
    await new Promise((resolve) => setTimeout(resolve, 900))
    expect(childrenOf(working.child.pid!)).toEqual(both.filter(isBusy))
    await insist(working, 'SIGTERM')
    expect(await working.ended).toMatchObject({ code: 'SIGTERM' })
    await allGone(here.pids())
  })

  test('one that cannot even hear of it is ended by force, some seconds after the time is over', async () => {
    await here.add('a', 'spin')
    const working = await begun(`work ${app} --cluster 2 --timeout 0s`, here.env)
    await expect.poll(() => here.stateOf('a'), patience).toBe('running')
    working.child.kill('SIGTERM')
    const { code, stderr } = await working.ended
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^error: Ended by force, as it took too long: process [12]\n$/),
    })
    await allGone(here.pids())
  })
})

test('serve --cluster shares a unix socket that only its user can open, and takes the place of a stale one', async () => {
  const path = join(here.folder, 'face.sock')
  await here.add('a', 'answer')
  const left = `require('node:net').createServer().listen('${path}', () => process.kill(process.pid, 'SIGKILL'))`
  await shell(`'${process.execPath}' -e "${left}"`)
  expect(existsSync(path)).toBe(true)
  const serving = await begun(`serve --cluster 2 --unix ${path}`, here.env)
  expect(serving.address).toBe(path)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  for (let at = 0; at < 4; at++) {
    const { stdout } = await shell(`curl -s --max-time 10 --unix-socket '${path}' http://x/status`)
    expect(JSON.parse(stdout)).toMatchObject({
      tasks: { order: { waiting: 1 } },
      cluster: { processes: 2, running: 2, restarts: 0 },
    })
  }
  serving.child.kill('SIGTERM')
  expect(await serving.ended).toMatchObject({ code: 0, stderr: '' })
  expect(existsSync(path)).toBe(false)
})
