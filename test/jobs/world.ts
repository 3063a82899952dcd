/**
 * Jobs on simulated processes over one storage: a process may die at any write of its own, calls may fail before they
 * are done or after, and the ledger of jobs looks at every write.
 */
import { memory } from '../../adapters/memory/index.ts'
import type { Storage } from '../../src/storage/index.ts'
import { type Fault, faulty, manualClock, type Verb } from '../../src/testing/index.ts'
import { type Proc, proc } from '../runner/kit.ts'
import { Diary, type Message } from './diary.ts'
import { type Handlers, handlersOf } from './handlers.ts'
import { jobLedger } from './ledger.ts'
import type { Plans } from './plan.ts'

/** A process dies at a write of its own - the nth of a verb, or of all - before it is made or before its answer comes. */
export interface Death {
  readonly verb?: Verb
  readonly nth: number
  readonly when: 'before' | 'after'
}

/** One process. */
export interface Member extends Proc {
  readonly handlers: Handlers
  isDead(): boolean
}

export interface WorldOptions {
  readonly concurrency?: number
  readonly batchMax?: number
  /** Stands before the storage of each process. */
  readonly gate?: (storage: Storage) => Storage
}

const writes: readonly Verb[] = ['insert', 'claim', 'extend', 'apply']

export class World {
  readonly clock = manualClock()
  readonly storage
  readonly diary: Diary
  readonly plans: Plans
  readonly alive = new Set<Member>()
  /** What strikes the next calls of anybody, in order. */
  faults: readonly Fault[] = []
  /** Each process that is started takes one. */
  deaths: readonly (Death | undefined)[] = []
  /** Writes that processes began. */
  writes = 0
  #isMended = false
  readonly #options: Omit<WorldOptions, 'batchMax'>
  readonly #calls = new Map<string, number>()
  readonly #underWay = new Set<{ readonly id: string; isDead(): boolean }>()
  /** Jobs of which some call of `run` was answered. */
  readonly #stored = new Set<string>()

  constructor(plans: Plans, { batchMax = 4, ...options }: WorldOptions = {}) {
    this.plans = plans
    this.#options = options
    this.storage = jobLedger(memory({ batchMax }), (id) => plans[id]!)
    this.diary = new Diary(plans, this.storage, this.clock)
  }

  /** Starts a process that works. */
  async spawn(): Promise<Member> {
    const [death, ...others] = this.deaths
    this.deaths = others
    let written = 0
    let isDead = false
    const mortal = {
      isDead: () => isDead,
      kill: () => {
        if (isDead) return
        isDead = true
        process.kill()
        this.alive.delete(self)
        for (const message of this.diary.messages) if (message.state === 'under way') message.state = 'ready'
      },
    }
    const { concurrency = 4, gate = (storage) => storage } = this.#options
    const handlers = handlersOf(this.diary, mortal)
    const process = proc(handlers.definitions, {
      storage: gate(faulty(this.storage, () => this.#nextFault())),
      clock: this.clock,
      lease: '10s',
      poll: '2s',
      concurrency,
      onCall: (verb, when) => {
        if (isDead || !writes.includes(verb)) return
        if (when === 'before') this.writes++
        if (this.#isMended || !death || (death.verb ?? verb) !== verb) return
        if (when === 'before') written++
        if (written !== death.nth || when !== death.when) return
        this.diary.meet(`death ${when} ${verb}`)
        mortal.kill()
      },
    })
    const self: Member = { ...process, ...mortal, handlers }
    this.alive.add(self)
    void self.work.start().catch(mortal.kill)
    await this.clock.settle()
    return self
  }

  /** Calls `run`, for the first time or again. It never ends where the process dies. */
  async run(self: Member, id: string): Promise<void> {
    const plan = this.plans[id]!
    const { parts, gapMs, workers } = plan
    const calls = (this.#calls.get(id) ?? 0) + 1
    this.#calls.set(id, calls)
    const breaksAt = calls === 1 ? plan.breaksAt : null
    const isArray = gapMs === null && breaksAt === null
    const given = isArray ? [...parts.keys()] : this.#source(parts.length, gapMs ?? 0, breaksAt)
    const options = { id, metadata: id, ...(workers === undefined ? {} : { workers }) }
    const call = { id, isDead: self.isDead }
    this.#underWay.add(call)
    await self.work.run(self.handlers.definitionOf(plan), given, options).then(
      () => void this.#stored.add(id),
      () => this.diary.meet('run rejected'),
    )
    this.#underWay.delete(call)
  }

  /** From now on nobody dies and no call fails. */
  mend(): void {
    this.#isMended = true
    this.faults = []
    this.deaths = []
    for (const member of this.alive) member.thaw()
  }

  /** Whether somebody was told that all parts are there. */
  isStored(id: string): boolean {
    return this.#stored.has(id)
  }

  /** Whether somebody has to call `run` again: nobody who lives was told that all parts are there, or waits for it. */
  isWanting(id: string): boolean {
    return !this.#stored.has(id) && ![...this.#underWay].some((call) => call.id === id && !call.isDead())
  }

  async *#source(size: number, gapMs: number, breaksAt: number | null): AsyncGenerator<number> {
    for (let index = 0; index < size; index++) {
      if (index === breaksAt) {
        this.diary.meet('source broke')
        throw new Error('the source broke')
      }
      if (gapMs > 0) await new Promise<void>((resolve) => void this.clock.after(gapMs, resolve))
      yield index
    }
  }

  /** Brings a part to a consumer outside, as a queue does: again until somebody says that it is done. */
  async deliver(self: Member, message: Message): Promise<void> {
    const { jobId, index } = message
    if (self.isDead()) return
    if (message.state === 'done') this.diary.meet('delivered again')
    else message.state = 'under way'
    const report = await self.work.part({ jobId, index }, self.handlers.map).catch(() => undefined)
    if (report) this.diary.meet(`report ${report.status}`)
    if (message.state !== 'under way') return
    message.state = report !== undefined && report.status !== 'busy' ? 'done' : 'ready'
  }

  #nextFault(): Fault {
    const [next = 'pass', ...rest] = this.faults
    this.faults = rest
    if (next !== 'pass') this.diary.meet(`fault ${next}`)
    return next
  }
}
