/**
 * Dispatches to one consumer from simulated processes over one storage: a process may die at any storage call of its
 * own, calls may fail before they are done or after, and the ledger looks at every write.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { memory } from '../../../adapters/memory/index.ts'
import { FatalError, fixed, PieceworkError, type TaskContext, task } from '../../../src/index.ts'
import type { Row } from '../../../src/storage/index.ts'
import { type Fault, faulty, manualClock, type Verb } from '../../../src/testing/index.ts'
import { type Proc, proc } from '../../runner/kit.ts'
import { Diary, maxAttempts, maxCrashes, type Start } from './diary.ts'
import { dispatchLedger, type Run } from './ledger.ts'
import { type DispatchPlan, itemOf, numberOf, type ValuePlan } from './plan.ts'
import { checkReport } from './reported.ts'

/** A process ends at a call of its own - the nth of a verb, or of all - before it is made or before its answer comes. */
export interface Death {
  /** `freeze`: it stands still until it is thawed, and goes on as if nothing had been. */
  readonly how: 'kill' | 'freeze'
  readonly verb?: Verb | undefined
  readonly nth: number
  readonly when: 'before' | 'after'
}

export interface Member extends Proc {
  readonly consumer: ReturnType<typeof consumerOf>
  isDead(): boolean
}

/** One call of `dispatch`. */
export interface Call {
  readonly plan: DispatchPlan
  readonly by: Member
  /** The run of the tracker that it took last. */
  run: number | undefined
  /** `undefined` as long as it is under way, or for ever where its process died. */
  outcome: 'resolved' | 'superseded' | 'storage_failed' | undefined
}

export const trackerId = 'dispatch.consumer'

export class World {
  readonly clock = manualClock()
  readonly storage
  readonly diary: Diary
  readonly alive = new Set<Member>()
  readonly calls: Call[] = []
  /** What strikes the next calls of anybody, in order. */
  faults: readonly Fault[] = []
  /** Each process that is started takes one. */
  deaths: readonly (Death | undefined)[] = []
  readonly #caller = new AsyncLocalStorage<Call>()

  constructor(values: readonly ValuePlan[]) {
    this.storage = dispatchLedger(memory({ batchMax: 4 }), trackerId, {
      taken: (run) => this.#taken(run),
      completed: (row, run) => this.#completed(row, run),
      lost: (id, fence, loss) => this.diary.lost(id, fence, loss),
      removed: (id) => this.diary.forget(id),
      storedLate: (id) => this.diary.storedLate(id),
    })
    this.diary = new Diary(values, this.storage, this.clock)
  }

  /** Starts a process that works. */
  async spawn(): Promise<Member> {
    const [death, ...others] = this.deaths
    this.deaths = others
    let calls = 0
    let isDead = false
    const mortal = {
      isDead: () => isDead,
      kill: () => {
        isDead = true
        process.kill()
        this.alive.delete(self)
      },
    }
    const consumer = consumerOf(this.diary, mortal)
    const process = proc([consumer], {
      storage: faulty(this.storage, () => this.#nextFault()),
      clock: this.clock,
      lease: '10s',
      poll: '2s',
      concurrency: 4,
      onCall: (verb, when) => {
        if (isDead || !death || this.diary.mended || (death.verb ?? verb) !== verb) return
        if (when !== death.when || ++calls !== death.nth) return
        this.diary.meet(`${death.how} ${when} ${verb}`)
        if (death.how === 'kill') mortal.kill()
        else process.freeze()
      },
    })
    const self: Member = { ...process, ...mortal, consumer }
    this.alive.add(self)
    void self.work.start().catch(mortal.kill)
    await this.clock.settle()
    return self
  }

  /** Never ends where the process dies. */
  dispatch(by: Member, plan: DispatchPlan): Call {
    const call: Call = { plan, by, run: undefined, outcome: undefined }
    this.calls.push(call)
    const { workers, begin } = plan
    const options = { items: this.#source(plan), attribute: 'id', to: by.consumer, id: trackerId, workers, begin }
    void this.#caller
      .run(call, () => by.work.dispatch(options))
      .then(
        () => this.#ended(call, 'resolved'),
        (error: unknown) => this.#ended(call, error),
      )
    return call
  }

  /** From now on nobody dies and no call fails. */
  mend(): void {
    this.faults = []
    this.deaths = []
    this.diary.mended = true
    for (const member of this.alive) member.thaw()
  }

  #source({ items, gapMs }: DispatchPlan): unknown[] | AsyncGenerator<unknown> {
    const { clock } = this
    if (gapMs === null) return items.map(itemOf)
    return (async function* () {
      for (const item of items) {
        await new Promise<void>((resolve) => void clock.after(gapMs, resolve))
        yield itemOf(item)
      }
    })()
  }

  #ended(call: Call, how: unknown): void {
    const outcome = how instanceof PieceworkError ? how.code : how
    this.diary.meet(`dispatch ${outcome}`)
    if (outcome === 'resolved' || outcome === 'superseded' || outcome === 'storage_failed') call.outcome = outcome
    else this.storage.broken.push(`a dispatch rejected with ${how}`)
    if (outcome !== 'superseded') return
    const isSuperseded = this.calls.some((one) => one !== call && (one.run ?? 0) > (call.run ?? 0))
    if (!isSuperseded) this.storage.broken.push(`a dispatch was superseded by nobody, at run ${call.run}`)
  }

  #taken(run: number): void {
    const call = this.#caller.getStore()
    if (call) call.run = run
    else this.storage.broken.push(`run ${run} was taken by no dispatch`)
  }

  #completed(row: Row, run: Run): void {
    const call = this.calls.find((one) => one.run === run.run)
    if (call) this.storage.broken.push(...checkReport(this.storage, call.plan, row, run))
    this.diary.meet('completed')
  }

  #nextFault(): Fault {
    const [next = 'pass', ...rest] = this.faults
    this.faults = rest
    if (next !== 'pass') this.diary.meet(`fault ${next}`)
    return next
  }
}

/** `self` is the process that it runs in. */
function consumerOf(diary: Diary, self: { kill(): void; isDead(): boolean }) {
  const run = async ({ id, input, fence, emit }: TaskContext<{ item: unknown }>) => {
    // Nothing of a dead process goes on, be it in the middle of its memory.
    if (self.isDead()) await never()
    const value = numberOf(input.item)
    const start: Start = { id, value, fence, isDead: self.isDead, ended: false, loss: undefined }
    const step = diary.begin(start)
    try {
      const { tookMs } = diary.plans[value]!
      if (tookMs > 0) await new Promise<void>((resolve) => void diary.clock.after(tookMs, resolve))
      if (step === 'crash') self.kill()
      if (self.isDead()) await never()
      if (step === 'bad') throw new Error('bad')
      if (step === 'fatal') throw new FatalError('fatal')
      await emit({ fence })
      return fence
    } finally {
      start.ended = true
    }
  }
  return task<{ item: unknown }, number>('consumer', {
    run,
    maxCrashes,
    retry: fixed({ maxAttempts, delay: '500ms' }),
  })
}

function never(): Promise<never> {
  return new Promise(() => {})
}
