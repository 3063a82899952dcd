/** Rows in order of a number and then the id: the children of a parent, and what is finished. */
import type { Slot } from './slot.ts'

/** A row's seat. It keeps its order after the row has left, so that the seats stay sorted. */
export interface Entry {
  readonly order: number
  readonly id: string
  slot: Slot | null
}

export interface Ordered {
  entries: Entry[]
  /** How many entries still have a row. */
  live: number
  /** Nothing before this index has a row: whoever removes page by page does not walk over what it removed. */
  head: number
}

export function ordered(): Ordered {
  return { entries: [], live: 0, head: 0 }
}

/** Below this length a list is not worth compacting. */
const COMPACT_FROM = 64

export function add(list: Ordered, order: number, slot: Slot): Entry {
  const entry: Entry = { order, id: slot.id, slot }
  const last = list.entries.at(-1)
  // Parts come in order and instants rise, so a new entry nearly always belongs at the end.
  if (last === undefined || isBehind(entry.order, entry.id, last)) list.entries.push(entry)
  else {
    const at = firstBehind(list, order, slot.id)
    list.entries.splice(at, 0, entry)
    list.head = Math.min(list.head, at)
  }
  list.live += 1
  return entry
}

export function drop(list: Ordered, entry: Entry): void {
  entry.slot = null
  list.live -= 1
  while (list.head < list.entries.length && list.entries[list.head]?.slot === null) list.head += 1
  // Each compaction halves the list at least, so it costs a removal a constant.
  if (list.entries.length >= COMPACT_FROM && list.live * 2 < list.entries.length) {
    list.entries = list.entries.filter((each) => each.slot !== null)
    list.head = 0
  }
}

/** The index of the first entry behind (order, id). */
export function firstBehind(list: Ordered, order: number, id: string): number {
  let low = 0
  let high = list.entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBehind(order, id, list.entries[middle] as Entry)) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether (order, id) is behind, or at, the entry. */
function isBehind(order: number, id: string, entry: Entry): boolean {
  return order > entry.order || (order === entry.order && id >= entry.id)
}
