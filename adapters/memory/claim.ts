/** Claims due rows: lanes of one priority are merged, one priority after the other. */
import { type ClaimRequest, type Row, RUNNING, WAITING } from '../../src/storage/index.ts'
import { comesBefore, type Heap, settleLater } from './heap.ts'
import type { Rows } from './rows.ts'
import { rowOf, type Slot } from './slot.ts'

/** What a claim still may take of one name. */
interface Want {
  readonly lanes: readonly Heap[]
  left: number
}

/** A lane that has a due row now. */
interface DueLane {
  readonly heap: Heap
  readonly want: Want
}

export function claim(rows: Rows, request: ClaimRequest): Row[] {
  const wants: Want[] = []
  for (const { name, limit } of request.wants) {
    const lanes = rows.lanes.get(name)
    if (lanes !== undefined) wants.push({ lanes, left: limit })
  }
  const claimed: Row[] = []
  for (let priority = 0; priority <= 9 && claimed.length < request.limit; priority++) {
    const due: DueLane[] = []
    for (const want of wants) {
      const heap = want.lanes[priority] as Heap
      if (want.left > 0 && isDue(heap[0], request.now)) place(due, { heap, want })
    }
    while (due.length > 0 && claimed.length < request.limit) {
      const lane = due[0] as DueLane
      claimed.push(take(lane, request))
      const goesOn = lane.want.left > 0 && isDue(lane.heap[0], request.now)
      // A lane alone stays where it is: most workers wait on one name at a time.
      if (goesOn && due.length === 1) continue
      due.shift()
      if (goesOn) place(due, lane)
    }
  }
  return claimed
}

function isDue(slot: Slot | undefined, now: number): boolean {
  return slot !== undefined && (slot.wakeAt as number) <= now
}

function take({ heap, want }: DueLane, { holder, until }: ClaimRequest): Row {
  const slot = heap[0] as Slot
  want.left -= 1
  if (slot.state === WAITING) slot.state = RUNNING
  slot.rev += 1
  slot.tries += 1
  slot.holder = holder
  slot.wakeAt = until
  settleLater(heap, slot)
  return rowOf(slot)
}

/** Puts a lane where its first row belongs among the others' first rows. */
function place(due: DueLane[], lane: DueLane): void {
  const first = lane.heap[0] as Slot
  let low = 0
  let high = due.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (comesBefore(first, (due[middle] as DueLane).heap[0] as Slot)) high = middle
    else low = middle + 1
  }
  due.splice(low, 0, lane)
}
