/** What becomes of what the storage's doctor finds: a start looks before it claims. */
import { describe, expect, test } from 'vitest'
import { memory } from '../../../adapters/memory/index.ts'
import { task } from '../../../src/index.ts'
import type { Finding, Storage } from '../../../src/storage/index.ts'
import { manualClock } from '../../../src/testing/index.ts'
import { proc } from '../kit.ts'

/** A storage that finds what it is told to, and counts how often it looked. */
function finding(findings: () => readonly Finding[] | Promise<readonly Finding[]>) {
  const calls: string[] = []
  const inner = memory()
  const storage: Storage = {
    ...inner,
    doctor() {
      calls.push('doctor')
      return findings()
    },
    claim(request) {
      calls.push('claim')
      return inner.claim(request)
    },
  }
  return { storage, calls }
}

const error: Finding = { level: 'error', about: 'indexes', message: 'The index on keys is gone.' }
const warning: Finding = { level: 'warning', about: 'durability', message: 'A power cut may take the last commits.' }
const ok: Finding = { level: 'ok', about: 'schema', message: 'The tables are of version 1.' }

const work = task('work', { run: () => 'done' })

describe('what the storage finds wrong with itself', () => {
  test('fails the start with all errors in one message, before anything was claimed', async () => {
    const { storage, calls } = finding(() => [error, ok, { ...error, message: 'The clock stands still.' }, warning])
    const a = proc([work], { storage })
    await expect(a.work.start()).rejects.toMatchObject({
      name: 'StorageError',
      code: 'not_usable',
      message: 'The index on keys is gone.; The clock stands still.',
    })
    expect(a.work.running).toBe(false)
    expect(calls).toEqual(['doctor'])
    expect(a.timers()).toBe(0)
    await a.work.close()
  })

  test('keeps nobody from adding or reading, and a start after it was put right works', async () => {
    let findings: readonly Finding[] = [error]
    const { storage } = finding(() => findings)
    const clock = manualClock()
    const a = proc([work], { storage, clock })
    await expect(a.work.start()).rejects.toMatchObject({ code: 'not_usable' })
    const { id } = await a.work.add(work)
    expect((await a.work.get(id))?.state).toBe('waiting')
    findings = [ok]
    await a.work.start()
    await clock.tick('1s')
    expect((await a.work.get(id))?.state).toBe('completed')
    await a.work.stop()
  })

  test('is logged where it is a warning, once for each start, and what is well is not', async () => {
    const { storage, calls } = finding(async () => [ok, warning])
    const a = proc([work], { storage })
    await a.work.start()
    const warnings = () => a.lines.filter((line) => line.startsWith('warn'))
    expect(warnings()).toEqual([`warn ${warning.message}`])
    expect(a.lines.join()).not.toContain(ok.message)
    await a.work.stop()
    await a.work.start()
    expect(warnings()).toHaveLength(2)
    expect(calls.filter((call) => call === 'doctor')).toHaveLength(2)
    await a.work.stop()
  })

  test('is asked for before the first claim', async () => {
    const { storage, calls } = finding(() => [])
    const clock = manualClock()
    const a = proc([work], { storage, clock })
    await a.work.start()
    await clock.tick('5s')
    expect(calls.slice(0, 2)).toEqual(['doctor', 'claim'])
    await a.work.stop()
  })

  test('fails the start with its own error where the storage cannot look at all', async () => {
    const { storage } = finding(() => Promise.reject(new Error('no server')))
    const a = proc([work], { storage })
    await expect(a.work.start()).rejects.toThrow('no server')
    expect(a.work.running).toBe(false)
  })

  test('is nothing where the storage has no doctor', async () => {
    const { doctor: _, ...storage } = memory()
    const a = proc([work], { storage })
    await a.work.start()
    expect(a.lines.filter((line) => line.startsWith('warn'))).toEqual([])
    await a.work.stop()
  })
})
