/** What the handlers and consumers of a world did, and what must hold when one of them begins. */
import { jobOf, jobRow } from '../../src/storage/job-codec.ts'
import type { ManualClock } from '../../src/testing/index.ts'
import type { JobLedger } from './ledger.ts'
import type { JobPlan, Plans, Step } from './plan.ts'

/** An attempt whose handler began, at a part or at a reduce. */
export interface Start {
  readonly id: string
  readonly jobId: string
  readonly fence: number
  readonly attempt: number
  readonly isDead: () => boolean
  ended: boolean
}

/** A part's announcement, as a queue keeps it until a consumer says that it is done. */
export interface Message {
  readonly jobId: string
  readonly index: number
  state: 'ready' | 'under way' | 'done'
}

export class Diary {
  readonly plans: Plans
  readonly clock: ManualClock
  readonly storage: JobLedger
  readonly starts: Start[] = []
  readonly messages: Message[] = []
  /** Of each job, how often its reduce was announced. */
  readonly reduceMessages = new Map<string, number>()
  /** How often each thing happened: a property that never met a crash has shown nothing about crashes. */
  readonly met: Record<string, number> = {}
  /** From then on all attempts are good. */
  mended = false

  constructor(plans: Plans, storage: JobLedger, clock: ManualClock) {
    this.plans = plans
    this.storage = storage
    this.clock = clock
  }

  planOf(jobId: string): JobPlan {
    return this.plans[jobId]!
  }

  meet(what: string): void {
    this.met[what] = (this.met[what] ?? 0) + 1
  }

  startsOf(id: string): Start[] {
    return this.starts.filter((start) => start.id === id)
  }

  /** What this attempt is to do, by how many began before it. */
  begin(start: Start, course: readonly Step[]): Step {
    const before = this.startsOf(start.id)
    this.#check(
      before.every(({ fence }) => fence < start.fence),
      `P-FENCE ${start.id} began under an older fence`,
    )
    const isOverNow = ['failed', 'cancelled'].includes(this.storage.get([start.jobId])[0]?.state ?? '')
    if (start.id === start.jobId) this.#reduceBegins(start)
    else if (isOverNow) {
      const isLate = this.storage.claimedTooLate(start.id, start.fence)
      this.#check(!isLate, `W14 the body of ${start.id} began, which was claimed when its job was over`)
    }
    this.starts.push(start)
    this.#countHandlers(start.jobId)
    const step = this.mended ? 'good' : (course[before.length] ?? 'good')
    this.meet(start.id === start.jobId ? `reduce ${step}` : step)
    return step
  }

  reduceAnnounced(jobId: string): void {
    this.#check(this.storage.setOff(jobId) > 0, `P-REDUCE the reduce of ${jobId} was announced and is not due`)
    this.reduceMessages.set(jobId, (this.reduceMessages.get(jobId) ?? 0) + 1)
    this.meet('reduce message')
  }

  #reduceBegins({ jobId, fence }: Start): void {
    const row = this.storage.get([jobId])[0]
    // It was cancelled, or is somebody else's, since it was claimed.
    if (row?.rev !== fence) return
    const states = this.storage.parts(jobId).map(({ state }) => state)
    const isOpen = states.some((state) => ['held', 'waiting', 'running'].includes(state))
    this.#check(row.state === 'reducing' && !isOpen, `P-REDUCE the reduce of ${jobId} began beside ${states}`)
    this.#check(
      states.length === this.planOf(jobId).parts.length,
      `P-REDUCE the reduce of ${jobId} began before the seal`,
    )
  }

  /** Handlers of which neither the process nor the lease is gone. */
  #countHandlers(jobId: string): void {
    const row = jobRow(this.storage.get([jobId])[0])
    const workers = row && jobOf(row).workers
    if (!workers) return
    const now = this.clock.now()
    const atWork = this.starts.filter(({ id, jobId: of, fence, isDead, ended }) => {
      if (of !== jobId || id === jobId || ended || isDead()) return false
      const part = this.storage.get([id])[0]
      return part?.rev === fence && part.state === 'running' && part.wakeAt! > now
    })
    if (atWork.length === workers) this.meet('all slots at work')
    this.#check(atWork.length <= workers, `${atWork.length} handlers of ${jobId} at once, with ${workers} workers`)
  }

  #check(holds: boolean, what: string): void {
    if (!holds) this.storage.broken.push(what)
  }
}
