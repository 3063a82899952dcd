/**
 * Schedules on simulated processes over one storage whose time is its own: a process may die or stand still at any call,
 * calls may fail before they are done or after, and every write is looked at.
 */
import { expect } from 'vitest'
import { memory } from '../../adapters/memory/index.ts'
import { fixed, type TaskContext, task } from '../../src/index.ts'
import type { Change, Row, Storage } from '../../src/storage/index.ts'
import { SCHEDULE, scheduleOf } from '../../src/storage/schedule-codec.ts'
import { type Fault, faulty, manualClock, type Verb } from '../../src/testing/index.ts'
import { type Proc, proc } from '../runner/kit.ts'

/** A process dies at a write of its own, before it is made or before its answer comes. */
export interface Death {
  readonly nth: number
  readonly when: 'before' | 'after'
}

export interface Plan {
  /** How long each task takes, in turn; what is negative fails after so long, and runs again. */
  readonly tookMs: readonly number[]
  /** Whether tasks of the schedule may be open side by side. */
  readonly mayMeet: boolean
}

const writes: readonly Verb[] = ['insert', 'apply']

export class World {
  readonly clock = manualClock()
  readonly storage: Storage
  readonly alive = new Set<Proc>()
  /** How often each task was inserted, by id. */
  readonly inserted = new Map<string, number>()
  readonly met: Record<string, number> = {}
  faults: readonly Fault[] = []
  deaths: readonly (Death | undefined)[] = []
  /** How far each new process's own clock is off. */
  skews: readonly number[] = []
  readonly definition
  readonly #plan: Plan
  #runs = 0
  #isMended = false

  constructor(plan: Plan) {
    this.#plan = plan
    this.definition = task('tick', {
      run: (context) => this.#run(context),
      retry: fixed({ maxAttempts: 99, delay: '1s' }),
    })
    this.storage = this.#watched(memory())
  }

  meet(what: string): void {
    this.met[what] = (this.met[what] ?? 0) + 1
  }

  async spawn(): Promise<Proc> {
    const [death, ...others] = this.deaths
    const [skewMs = 0, ...skews] = this.skews
    this.deaths = others
    this.skews = skews
    let written = 0
    const { clock } = this
    const process = proc([this.definition], {
      storage: faulty(this.storage, () => this.#nextFault()),
      clock: { ...clock, now: () => clock.now() + skewMs },
      lease: '3s',
      poll: '1s',
      concurrency: 2,
      onCall: (verb, when) => {
        if (this.#isMended || !death || !writes.includes(verb)) return
        if (when === 'before') written++
        if (written !== death.nth || when !== death.when || !this.alive.has(process)) return
        this.meet(`death ${when} ${verb}`)
        this.kill(process)
      },
    })
    this.alive.add(process)
    void process.work.start().catch(() => this.kill(process))
    await clock.settle()
    return process
  }

  kill(process: Proc): void {
    process.kill()
    this.alive.delete(process)
  }

  /** From now on nobody dies and no call fails. */
  mend(): void {
    this.#isMended = true
    this.faults = []
    this.deaths = []
    for (const process of this.alive) process.thaw()
  }

  async #run({ attempt }: TaskContext<unknown>): Promise<void> {
    const { tookMs } = this.#plan
    const ms = tookMs[this.#runs++ % tookMs.length] ?? 0
    if (ms !== 0) await new Promise<void>((resolve) => void this.clock.after(Math.abs(ms), resolve))
    if (ms >= 0 || attempt > 2) return
    this.meet('a task failed')
    throw new Error('bad')
  }

  #nextFault(): Fault {
    const [next = 'pass', ...rest] = this.faults
    this.faults = rest
    if (next !== 'pass') this.meet(`fault ${next}`)
    return next
  }

  /** Its time is its own, as a database's is. */
  #watched(storage: ReturnType<typeof memory>): Storage {
    const watched = Object.create(storage) as ReturnType<typeof memory>
    return Object.assign(watched, {
      traits: { ...storage.traits, shared: true, batchMax: 4 },
      now: () => ({ now: this.clock.now(), error: 0 }),
      insert: (rows: readonly Row[]) => {
        const before = this.#open(storage)
        const results = storage.insert(rows)
        for (const [index, { id, name }] of rows.entries()) {
          if (name === SCHEDULE || results[index] !== 'inserted') continue
          this.inserted.set(id, (this.inserted.get(id) ?? 0) + 1)
          this.meet('a tick')
          if (!this.#plan.mayMeet) expect(before, `open when ${id} came`).toEqual([])
        }
        return results
      },
      apply: (changes: readonly Change[]) => {
        for (const { row, next } of changes) if (row.name === SCHEDULE && next) checkStep(row, next)
        return storage.apply(changes)
      },
    })
  }

  #open(storage: ReturnType<typeof memory>): string[] {
    return [...this.inserted.keys()].filter((id) => ['waiting', 'running'].includes(storage.get([id])[0]?.state ?? ''))
  }
}

/** How far a schedule is only grows. */
function checkStep(row: Row, next: { readonly memo: string }): void {
  const [before, after] = [scheduleOf(row).progress, scheduleOf(next as Row).progress]
  expect(after.doneUpTo).toBeGreaterThanOrEqual(before.doneUpTo)
  expect(after.lastTick ?? 0).toBeGreaterThanOrEqual(before.lastTick ?? 0)
  for (const tick of after.waiting ?? []) expect(tick).toBeGreaterThan(after.lastTick ?? 0)
}
