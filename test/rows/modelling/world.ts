/** Row dispatchers on one table from simulated processes, which die, stand still and are cut off; and the table's user. */
import { FatalError, type RowContext, rowDispatcher } from '../../../src/index.ts'
import { type ManualClock, manualClock } from '../../../src/testing/index.ts'
import { type Page, pages } from '../pages.ts'
import { type Limits, type RowLedger, rowLedger, standing } from './ledger.ts'
import { type RowFault, type RowProcess, type RowVerb, rowProcess } from './process.ts'

/** What one start of a row does. `deaf`: it goes on for 30 s whatever it is told. `crash` takes its process with it. */
export type Step = 'good' | 'bad' | 'null' | 'fatal' | 'crash' | 'deaf' | 'endless'

export interface RowPlan {
  /** Start by start; what comes after is the last one again, and good where there is none. */
  readonly course: readonly Step[]
  readonly tookMs: number
}

export interface Death {
  readonly how: 'kill' | 'freeze'
  readonly verb?: RowVerb | undefined
  readonly nth: number
  readonly when: 'before' | 'after'
}

export interface WorldPlan extends Omit<Limits, 'startWithinMs' | 'maxDurationMs'> {
  readonly rows: readonly RowPlan[]
  readonly concurrency: number
  readonly retryDelayMs: number
  /** What the app's own functions do: there are none, they throw now and then, or they name rows at random. */
  readonly functions: 'none' | 'throwing' | 'choosing'
}

export interface Member extends RowProcess {
  start(): void
  drain(): void
  stop(timeoutMs: number): void
}

export const startWithinMs = 8_000
export const maxDurationMs = 10_000

export class RowWorld {
  readonly clock = manualClock()
  readonly plan: WorldPlan
  readonly rows: Page[]
  readonly ledger: RowLedger
  readonly alive = new Set<Member>()
  /** What strikes the next calls of anybody, in order. */
  faults: readonly RowFault[] = []
  /** Each process that is started takes one. */
  deaths: readonly (Death | undefined)[] = []
  /** From now on nobody dies and nothing fails. */
  isMended = false
  readonly #begun = new Set<string>()
  #drawn = 0

  constructor(plan: WorldPlan) {
    this.plan = plan
    this.rows = pages(plan.rows.length)
    const { queueSize, maxTries } = plan
    const limits = { queueSize, maxTries, startWithinMs, maxDurationMs }
    this.ledger = rowLedger(this.rows, limits, () => this.clock.now())
  }

  /** A process that does not work yet. */
  spawn(): Member {
    const [death, ...others] = this.deaths
    this.deaths = others
    let calls = 0
    let wanted = 0
    let isStopped = false
    const process = rowProcess<Page, Page[]>({
      source: this.ledger.source,
      clock: this.clock,
      concurrency: this.plan.concurrency,
      fault: () => this.#nextFault(),
      onCall: (verb, when) => {
        const isWrite = verb === 'write' || verb === 'reserve'
        if (when === 'before' && isStopped && isWrite) this.#break(`P-STOP a ${verb} after the stop`)
        if (!death || this.isMended || (death.verb ?? verb) !== verb || when !== death.when) return
        if (++calls !== death.nth || process.isDead()) return
        this.meet(`${death.how} ${when} ${verb}`)
        if (death.how === 'kill') member.kill()
        else process.freeze()
      },
      definitions: (source, clock) => [
        rowDispatcher('scrape', {
          source,
          startWithin: startWithinMs,
          maxDuration: maxDurationMs,
          queueSize: this.plan.queueSize,
          maxTries: this.plan.maxTries,
          retryDelay: this.plan.retryDelayMs,
          ...this.#functions(),
          run: (context) => {
            if (isStopped) this.#break('P-STOP a body began after the stop')
            return this.#body(context, clock, member)
          },
        }),
      ],
    })
    const member: Member = {
      ...process,
      kill: () => {
        process.kill()
        this.alive.delete(member)
      },
      start: () => {
        wanted++
        isStopped = false
        void process.work.start().catch((error) => {
          if (this.isMended) this.#break(String(error))
        })
      },
      drain: () => {
        wanted++
        isStopped = false
        void process.work.drain().catch(() => {})
      },
      stop: (timeoutMs) => {
        const before = wanted
        void process.work.stop({ timeout: timeoutMs }).then(() => {
          if (wanted === before) isStopped = true
        })
      },
    }
    this.alive.add(member)
    return member
  }

  /** Faults end: whoever stands still goes on, and whoever was stopped begins again. */
  mend(): void {
    this.isMended = true
    this.faults = []
    this.deaths = []
    if (this.alive.size === 0) this.spawn()
    for (const member of this.alive) {
      member.thaw()
      member.start()
    }
  }

  /** The user's own doing. */
  update(which: number): void {
    const row = this.rows[which % Math.max(1, this.rows.length)]
    if (!row) return
    row.price = ++this.#drawn
    this.ledger.userWrote(row.id, row.price)
  }

  remove(which: number): void {
    const [row] = this.rows.splice(which % Math.max(1, this.rows.length), 1)
    if (!row) return
    this.meet(`removed ${standing(row)}`)
    this.ledger.userWrote(row.id, undefined)
  }

  add(): void {
    const id = 1_000 + ++this.#drawn
    this.rows.push({ ...pages(1)[0]!, id, price: id })
    this.ledger.userWrote(id, id)
  }

  step(ms: number): void {
    this.clock.step(ms)
    this.ledger.stepped()
  }

  meet(what: string): void {
    this.ledger.met[what] = (this.ledger.met[what] ?? 0) + 1
  }

  async #body(context: RowContext<Page>, clock: ManualClock, member: Member): Promise<unknown> {
    const { row, id, attempt, reservationId, signal } = context
    // Nothing of a dead process goes on, be it in the middle of its memory.
    if (member.isDead()) await never()
    if (!this.ledger.started.has(reservationId)) this.#break(`P17 a body of row ${id} began before its start`)
    if (this.#begun.has(reservationId)) this.#break(`P-RESERVE two bodies of ${reservationId}`)
    this.#begun.add(reservationId)
    if (row.scrape_reservation_id !== reservationId) this.#break(`row ${id} is not as it was reserved`)
    if (attempt > this.plan.maxTries) this.#break(`P7 row ${id} began its start ${attempt}`)
    const { course = [], tookMs = 0 } = this.plan.rows[row.id - 1] ?? {}
    const planned = course[attempt - 1] ?? course.at(-1) ?? 'good'
    const step = this.isMended && (planned === 'crash' || planned === 'endless') ? 'good' : planned
    this.meet(`body ${step}`)
    if (step === 'endless') return never()
    await waitFor(clock, step === 'deaf' ? 30_000 : tookMs, step === 'deaf' ? undefined : signal)
    if (step === 'crash' && !this.isMended) member.kill()
    if (member.isDead()) await never()
    if (step === 'bad') throw new Error('bad')
    if (step === 'null') throw null
    if (step === 'fatal') throw new FatalError('fatal')
    return attempt
  }

  #functions() {
    const { functions } = this.plan
    if (functions === 'none') return {}
    let turn = 0
    if (functions === 'throwing') {
      const throwing = <T>(answer: T, mod: number) => {
        turn++
        if (!this.isMended && turn % mod === 0) throw turn % 2 === 0 ? new Error('no answer') : null
        return answer
      }
      return {
        allowing: () => throwing(true, 3),
        queueSlots: ({ queueSize, reserved }: { queueSize: number; reserved: number }) =>
          throwing(queueSize - reserved, 5),
      }
    }
    return {
      // Held, ended, unknown and twice: what cannot be reserved is passed over.
      selecting: () => {
        const ids = this.rows.map(({ id }) => id)
        turn++
        return [...ids.slice(turn % Math.max(1, ids.length)), 'nobody', ...ids, ...ids.slice(0, 2)]
          .filter((_, index) => (index + turn) % 3 === 0 || this.isMended)
          .sort((a, b) => Number(this.#isFree(b)) - Number(this.#isFree(a)))
      },
    }
  }

  #isFree(id: string | number): boolean {
    const row = this.rows.find((each) => each.id === id)
    return row !== undefined && standing(row) === 'free' && (row.scrape_reservation_times ?? 0) < this.plan.maxTries
  }

  #nextFault(): RowFault {
    const [next = 'pass', ...rest] = this.faults
    this.faults = rest
    if (next !== 'pass') this.meet(typeof next === 'number' ? 'a late answer' : `fault ${next}`)
    return next
  }

  #break(what: string): void {
    if (this.ledger.broken.length < 20) this.ledger.broken.push(what)
  }
}

function never(): Promise<never> {
  return new Promise(() => {})
}

/** Throws why the signal aborted, if it did before. */
function waitFor(clock: ManualClock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms === 0 && !signal?.aborted) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, resolve)
    const abort = () => {
      cancel()
      reject(signal?.reason)
    }
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort)
  })
}
