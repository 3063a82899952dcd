/** What the consumers of a model did, and what must hold when one of them begins. */
import type { ManualClock } from '../../../src/testing/index.ts'
import type { DispatchLedger, Loss } from './ledger.ts'
import { type Step, stepOf, type ValuePlan } from './plan.ts'

/** At most so many executions of a value, over however many dispatches (D5). */
export const maxAttempts = 3
export const maxCrashes = 2

/** An execution that began. */
export interface Start {
  readonly id: string
  readonly value: number
  readonly fence: number
  readonly isDead: () => boolean
  ended: boolean
  loss: Loss | undefined
}

export class Diary {
  readonly plans: readonly ValuePlan[]
  readonly clock: ManualClock
  readonly storage: DispatchLedger
  /** Of each value, the executions since it was forgotten last. */
  readonly starts: Start[] = []
  /** Executions of a value that was forgotten may still run. */
  readonly forgotten: Start[] = []
  readonly #late = new Set<string>()
  /** By id and fence. A handler may begin after its row was lost: its process stood still in between. */
  readonly #losses = new Map<string, Loss>()
  /** How often each thing happened: a property that never met a crash has shown nothing about crashes. */
  readonly met: Record<string, number> = {}
  /** From now on nobody takes its process with it. */
  mended = false

  constructor(plans: readonly ValuePlan[], storage: DispatchLedger, clock: ManualClock) {
    this.plans = plans
    this.storage = storage
    this.clock = clock
  }

  meet(what: string): void {
    this.met[what] = (this.met[what] ?? 0) + 1
  }

  /** What this execution is to do, by how many there were before it. */
  begin(start: Start): Step {
    const { value } = start
    const before = this.starts.filter((one) => one.value === value)
    start.loss = this.#losses.get(`${start.id}@${start.fence}`)
    this.starts.push(start)
    if (start.loss) this.meet('began too late')
    else this.#check(start, before)
    const planned = stepOf(this.plans[value]!, before.filter(isCounted).length)
    const step = this.mended && planned === 'crash' ? 'good' : planned
    this.meet(step)
    return step
  }

  /** Of an attempt that has its row. */
  #check({ id, value, fence }: Start, before: readonly Start[]): void {
    const what = `value ${value} (${id}) at fence ${fence}`
    const broken = this.storage.broken
    for (const one of [...before, ...this.forgotten.filter((one) => one.value === value)]) {
      if (one.fence >= fence && !this.#late.has(id))
        broken.push(`P-FENCE ${what} began under an older fence than ${one.fence}`)
      if (one.ended || one.isDead()) continue
      if (one.loss === 'forgotten') this.meet('began beside one that was forgotten')
      const isGone = one.loss === 'lapsed' || one.loss === 'cancelled' || one.loss === 'forgotten'
      if (!isGone) broken.push(`P-DISPATCH ${what} began beside fence ${one.fence}, whose lease was kept`)
    }
    const count = before.filter(isCounted).length + 1
    if (count > maxAttempts) broken.push(`D5 ${what} is execution ${count} of its value`)
    const atWork = this.starts.filter(({ ended, isDead, loss }) => !ended && !isDead() && loss === undefined).length
    const ceiling = this.storage.ceiling()
    if (atWork === ceiling) this.meet('all slots at work')
    if (atWork > ceiling) broken.push(`${atWork} handlers at once, where at most ${ceiling} may be`)
  }

  lost(id: string, fence: number, loss: Loss): void {
    const start = this.starts.find((one) => one.id === id && one.fence === fence)
    if (start) start.loss = loss
    this.#losses.set(`${id}@${fence}`, loss)
    this.meet(loss)
  }

  /** Its fences begin anew: the dispatch that stored it was superseded by one that forgot what was there. */
  storedLate(id: string): void {
    this.#late.add(id)
    this.meet('stored too late')
  }

  /** The row is gone, and its value begins from scratch. */
  forget(id: string): void {
    for (const start of this.starts.filter((one) => one.id === id)) {
      this.starts.splice(this.starts.indexOf(start), 1)
      this.forgotten.push(start)
    }
  }
}

/** Whether it is one of the executions that its value may have. */
function isCounted({ loss }: Start): boolean {
  return loss !== 'cancelled' && loss !== 'given back' && loss !== 'forgotten'
}
