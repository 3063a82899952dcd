/** Random courses of tasks, on processes that are killed at random, over a storage that fails at random. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { FatalError, fixed, type TaskContext, task } from '../../src/index.ts'
import { type Fault, faulty, manualClock, retryArbitraries } from '../../src/testing/index.ts'
import { parameters, runs, seed } from '../histories.ts'
import { type Proc, proc } from './kit.ts'
import { checkHistory, ledger } from './ledger.ts'

const maxAttempts = 4
const maxCrashes = 2

const { course } = retryArbitraries(fc)
const fault = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fault>('pass') },
  { weight: 1, arbitrary: fc.constantFrom<Fault>('before', 'after') },
)
const history = fc.record({
  processes: fc.integer({ min: 1, max: 3 }),
  tasks: fc.array(
    fc.record({
      course,
      delayMs: fc.constantFrom(0, 0, 700, 5_000),
      tookMs: fc.constantFrom(0, 0, 300, 2_000, 8_000),
      limited: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8, size: 'max' },
  ),
  faults: fc.array(fault, { maxLength: 300, size: 'max' }),
  steps: fc.array(
    fc.record({
      tickMs: fc.integer({ min: 1, max: 4_000 }),
      what: fc.constantFrom('nothing', 'nothing', 'kill', 'freeze', 'thaw', 'stop'),
      which: fc.nat(2),
    }),
    { maxLength: 12, size: 'max' },
  ),
})

/** How often each thing happened in all runs: a property that never met a crash has shown nothing about crashes. */
const met: Record<string, number> = {}
const meet = (what: string) => {
  met[what] = (met[what] ?? 0) + 1
}

type History = typeof history extends fc.Arbitrary<infer T> ? T : never

async function live({ processes, tasks, faults, steps }: History): Promise<void> {
  const storage = ledger(memory())
  const clock = manualClock()
  const starts = new Map<string, string[]>()
  const fences = new Map<string, number>()
  let faultsLeft: readonly Fault[] = faults
  const plan = (): Fault => {
    const [next = 'pass', ...rest] = faultsLeft
    faultsLeft = rest
    if (next !== 'pass') meet(`fault ${next}`)
    return next
  }

  const alive = new Set<Proc>()
  const spawn = async () => {
    const kill = () => {
      process.kill()
      alive.delete(process)
    }
    const run = async ({ id, input, fence, snooze, progress, emit }: TaskContext<number>) => {
      const own = starts.get(id) ?? []
      starts.set(id, own)
      // P-FENCE: what a handler sees rises from start to start.
      expect(fence).toBeGreaterThan(fences.get(id) ?? 0)
      fences.set(id, fence)
      const step = tasks[input]!.course[own.length] ?? 'good'
      own.push(step)
      meet(step)
      progress(step)
      const { tookMs } = tasks[input]!
      if (tookMs > 0) await new Promise<void>((resolve) => void clock.after(tookMs, resolve))
      if (step === 'crash') {
        kill()
        await new Promise(() => {})
      }
      await emit(step)
      if (step === 'snooze') snooze('1s')
      if (step === 'bad') throw new Error('bad')
      if (step === 'fatal') throw new FatalError('fatal')
    }
    const rules = { run, maxCrashes, retry: fixed({ maxAttempts, delay: '500ms' }) }
    const definitions = [task<number>('plain', rules), task<number>('limited', { ...rules, concurrency: 1 })]
    const process = proc(definitions, {
      storage: faulty(storage, plan),
      clock,
      lease: '3s',
      poll: '500ms',
      concurrency: 4,
    })
    alive.add(process)
    await process.work.start().catch(() => kill())
    return { process, definitions }
  }

  const ids: string[] = []
  const { process: first, definitions } = await spawn()
  // An add that failed four times rejects: that task is there once or not at all.
  const adding = Promise.allSettled(
    tasks.map(async ({ delayMs, limited }, input) => {
      const { id } = await first.work.add(definitions[limited ? 1 : 0]!, input, { delay: delayMs })
      ids.push(id)
    }),
  )
  for (const { tickMs, what, which } of steps) {
    while (alive.size < processes) await spawn()
    await clock.tick(tickMs)
    const target = [...alive][which]
    if (!target || what === 'nothing') continue
    meet(what)
    if (what === 'kill') {
      target.kill()
      alive.delete(target)
    } else if (what === 'freeze') target.freeze()
    else if (what === 'thaw') target.thaw()
    else {
      void target.work.stop({ timeout: '1s' })
      alive.delete(target)
    }
  }

  // Faults stop, and everything is worked off.
  faultsLeft = []
  for (const process of alive) process.thaw()
  const isOpen = (id: string) => ['waiting', 'running'].includes(storage.get([id])[0]?.state ?? '')
  let rounds = 0
  for (; rounds < 100; rounds++) {
    if (alive.size === 0) await spawn()
    await clock.tick('5s')
    if (rounds > 2 && !ids.some(isOpen)) break
  }
  // Whoever was killed while it added has no answer: those tasks are there once or not at all.
  if (alive.has(first)) await adding

  for (const id of ids) {
    const [row] = storage.get([id])
    const own = starts.get(id) ?? []
    const { claims, refunds, ends } = storage.history(id)
    expect(['completed', 'failed'], `P-LOST ${id} is ${row?.state}`).toContain(row?.state)
    expect(ends, 'P-ONE-OUTCOME').toHaveLength(1)
    checkHistory(storage, id)
    expect(own.length, 'P-ATTEMPT').toBeLessThanOrEqual(claims.length)
    // A claim that vanished before it looked at its task is counted over the limit, but has started nothing.
    expect(own.length - refunds, 'P-ATTEMPT').toBeLessThanOrEqual(maxAttempts)
    expect(own.filter((step) => step === 'crash').length, 'P-POISON').toBeLessThanOrEqual(maxCrashes + 1)
    meet(`${row!.state} ${row!.state === 'failed' ? JSON.parse(row!.memo).reason : ''}`)
  }
  for (const process of alive) {
    // Longer than its patience: an attempt that was lost may still be at it.
    const stopping = process.work.stop({ timeout: '10s' })
    await clock.tick('11s')
    // A task whose add had no answer may be there, and its handler may have taken the process with it meanwhile.
    if (!alive.has(process)) continue
    await stopping
    expect(process.timers(), 'no timer outlives a stop').toBe(0)
  }
}

describe(`histories of crashes and faults (FC_SEED=${seed})`, () => {
  test('P-LOST P-ONE-OUTCOME P-ATTEMPT P-POISON P-NOT-EARLY P-EXCL P-EPOCH hold at the end of all of them', async () => {
    await fc.assert(fc.asyncProperty(history, live), parameters)
    console.log(`seed ${seed}, ${runs} runs met`, met)
    for (const what of [
      'crash',
      'kill',
      'freeze',
      'stop',
      'fault before',
      'fault after',
      'completed ',
      'failed crashed',
    ]) {
      expect(met[what], `${what} was never met`).toBeGreaterThan(0)
    }
  }, 240_000)
})
