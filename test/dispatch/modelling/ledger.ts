/** A storage that checks at every write, whoever makes it, what must hold of a dispatch and of its executions. */
import type { MemoryStorage } from '../../../adapters/memory/index.ts'
import { jobMoves, taskMoves } from '../../../src/index.ts'
import { inputOf, taskOf } from '../../../src/storage/codec.ts'
import type { Row } from '../../../src/storage/index.ts'
import { dispatchNotesOf, jobOf, jobRow, runOf } from '../../../src/storage/job-codec.ts'
import { numberOf } from './plan.ts'

/** One row's way into its end. */
export interface End {
  /** The number of the write. */
  readonly at: number
  readonly state: string
}

/** What is known of a run of the tracker. */
export interface Run {
  readonly run: number
  readonly takenAt: number
  sealedAt: number
  /** What was at work is counted: from here on no other execution may begin than its workers allow. */
  isNoted: boolean
}

/** Why an attempt's row is not its any more, though its handler may still run. */
export type Loss = 'settled' | 'given back' | 'lapsed' | 'cancelled' | 'forgotten'

export interface LedgerListener {
  /** Another dispatch has the tracker. */
  taken(run: number): void
  /** It is completed by this write. */
  completed(row: Row, run: Run): void
  /** The attempt of this fence has lost its row. */
  lost(id: string, fence: number, loss: Loss): void
  /** Its value begins from scratch. */
  removed(id: string): void
  /** A row was stored under an id whose fences had risen above it: a call on its way for so long came too late. */
  storedLate(id: string): void
}

export interface DispatchLedger extends MemoryStorage {
  /** What did not hold. Thrown, it would pass for a fault of the storage. */
  readonly broken: string[]
  readonly end: ReadonlyMap<string, End>
  parts(): Row[]
  tracker(): Row | undefined
  /** The most executions that may have a slot now. */
  ceiling(): number
}

const atWorkStates = ['waiting', 'running']
const openStates = ['held', 'waiting', 'running', 'skipped']
const doneStates = ['completed', 'failed', 'cancelled']

export function dispatchLedger(storage: MemoryStorage, id: string, listener: LedgerListener): DispatchLedger {
  const broken: string[] = []
  const end = new Map<string, End>()
  /** The revision at which an id was removed. */
  const newest = new Map<string, number>()
  let at = 0
  let ceiling = 0
  let cancelledRun = 0
  /** Somebody died while it forgot: nobody knows the revisions of all that was removed. */
  let isBrokenOff = false
  let run: Run | undefined
  const check = (holds: boolean, what: string) => {
    if (!holds) broken.push(`write ${at}: ${what}`)
  }
  const one = (of: string) => storage.get([of])[0]
  const tracker = () => jobRow(one(id))
  const parts = () => storage.find({ parent: id }, 10_000).rows
  const atWork = () => parts().filter(({ state }) => atWorkStates.includes(state)).length
  const slotRunOf = (row: Row) => taskOf(row).slot?.run ?? 0

  /** `rose`: by this write. */
  const checkSlots = (before: number) => {
    const row = tracker()
    if (!row || !run) return
    const count = atWork()
    check(count <= ceiling || count <= before, `${count} executions have a slot, where at most ${ceiling} may`)
    const { workers } = jobOf(row)
    if (run.isNoted) ceiling = Math.max(workers ?? 0, Math.min(ceiling, count))
  }

  const trackerWritten = (before: Row | undefined, after: Row) => {
    const from = before && jobOf(before)
    const to = jobOf(after)
    const move = `${from?.state} -> ${to.state}`
    if (from) {
      check(from.state === to.state || Object.hasOwn(jobMoves[from.state], to.state), `no such move: ${move}`)
      check(runOf(after) >= runOf(before), `the run went back, ${move}`)
    }
    if (before && runOf(after) > runOf(before)) {
      if (dispatchNotesOf(before)?.forgets) isBrokenOff = true
      run = { run: runOf(after), takenAt: at, sealedAt: Number.POSITIVE_INFINITY, isNoted: false }
      ceiling = Math.max(ceiling, to.workers ?? 0)
      listener.taken(run.run)
    } else if (run && !run.isNoted && to.state === 'open' && !dispatchNotesOf(after)?.forgets) {
      run.isNoted = true
      const left = parts().filter((row) => slotRunOf(row) < runOf(after))
      const isForgotten = before && dispatchNotesOf(before)?.forgets
      check(!isForgotten || left.length === 0, `D4 ${left.map(({ state }) => state)} are left from before the begin`)
      ceiling = Math.max(to.workers ?? 0, atWork())
    }
    if (from?.state === 'open' && to.state === 'mapping' && run) run.sealedAt = at
    if (to.state === 'cancelled') cancelledRun = runOf(after)
    if (to.state === 'completed' && from?.state !== 'completed') {
      const open = parts().filter(({ state }) => openStates.includes(state))
      check(open.length === 0, `P-DISPATCH completed beside ${open.map(({ state }) => state)}`)
      if (run) listener.completed(after, run)
    }
  }

  const partWritten = (before: Row, after: Row | undefined) => {
    const row = tracker()
    const now = row ? runOf(row) : 0
    const move = `${before.id} of run ${slotRunOf(before)} in run ${now}: ${before.state} -> ${after?.state}`
    if (before.state === 'running') {
      const loss = lossOf(before, after)
      listener.lost(before.id, before.rev, loss)
      // Whoever cancels may come late, when another dispatch has begun.
      if (loss === 'cancelled') check(slotRunOf(before) <= cancelledRun, `cancelled while it ran, ${move}`)
    }
    if (!after) {
      const forgets = row && dispatchNotesOf(row)?.forgets
      check(forgets === true && slotRunOf(before) < now, `P-DISPATCH removed, and nothing is forgotten, ${move}`)
      end.delete(before.id)
      newest.set(before.id, before.rev)
      listener.removed(before.id)
      return
    }
    const same = before.state === after.state
    check(
      same || Object.hasOwn(taskMoves[before.state as keyof typeof taskMoves], after.state),
      `no such move: ${move}`,
    )
    if (before.state === 'completed' || before.state === 'failed') {
      check(same && resultOf(before) === resultOf(after), `D7 an end did not stay, ${move}`)
    } else if (after.state === 'cancelled' && before.state !== 'running') {
      check(same || slotRunOf(before) < now, `an execution of this very run is cancelled, ${move}`)
    }
    check(taskOf(after).failures >= taskOf(before).failures, `D5 failures were forgotten, ${move}`)
    if (doneStates.includes(after.state) && !same) end.set(after.id, { at, state: after.state })
  }

  const lossOf = (before: Row, after: Row | undefined): Loss => {
    if (!after) return 'forgotten'
    if (after.state === 'cancelled' || after.state === 'skipped') return 'cancelled'
    return after.tries < before.tries ? 'given back' : 'settled'
  }

  return {
    ...storage,
    broken,
    end,
    parts,
    tracker,
    ceiling: () => ceiling,
    insert(rows) {
      at++
      const before = atWork()
      const results = storage.insert(rows)
      for (const row of rows.filter((_, index) => results[index] === 'inserted')) {
        if (row.id === id) trackerWritten(undefined, row)
        if (row.parent !== id) continue
        const number = numberOf((inputOf(row) as { item: unknown }).item)
        check(number !== -1, `an execution of no item was stored: ${row.input}`)
        const equal = parts().filter((part) => numberOf((inputOf(part) as { item: unknown }).item) === number)
        if (row.rev <= (newest.get(row.id) ?? 0)) {
          listener.storedLate(row.id)
          check(
            isBrokenOff || slotRunOf(row) < (run?.run ?? 0),
            `P-FENCE ${row.id} begins at an older fence than it had`,
          )
        }
        check(equal.length === 1, `P-DISPATCH ${equal.length} rows of value ${number}`)
      }
      checkSlots(before)
      return results
    },
    claim(request) {
      at++
      const before = parts()
      const rows = storage.claim(request)
      for (const row of rows) {
        const was = before.find((part) => part.id === row.id)
        if (was?.state !== 'running') continue
        check(was.wakeAt! <= request.now, `P-EXCL ${row.id} was claimed under its lease`)
        listener.lost(was.id, was.rev, 'lapsed')
      }
      return rows
    },
    apply(changes) {
      at++
      const before = atWork()
      const befores = storage.get(changes.map(({ row }) => row.id))
      const results = storage.apply(changes)
      for (const was of befores) {
        const is = was && one(was.id)
        if (!was || (is && is.rev === was.rev)) continue
        if (was.parent === id) partWritten(was, is)
        else if (was.id === id && is) trackerWritten(was, is)
      }
      checkSlots(before)
      return results
    },
  }
}

function resultOf(row: Row): string {
  const task = taskOf(row)
  return JSON.stringify(task.state === 'completed' ? task.result : task.state)
}
