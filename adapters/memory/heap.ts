/** One lane: the rows of one name and priority that have a wake time, as a binary heap, the next one at index 0. */
import type { Slot } from './slot.ts'

/**
 * Each slot knows its place, so a row whose wake time moves is lifted out at once. Entries that die in place and are
 * swept later would do as well, but one lease is one dead entry, and a sweep stops a claim every now and then.
 */
export type Heap = Slot[]

/** The order of a claim inside a priority. */
export function comesBefore(a: Slot, b: Slot): boolean {
  // Only slots with a wake time are in a heap.
  const wakeA = a.wakeAt as number
  const wakeB = b.wakeAt as number
  if (wakeA !== wakeB) return wakeA < wakeB
  if (a.tries !== b.tries) return a.tries < b.tries
  return a.id < b.id
}

export function push(heap: Heap, slot: Slot): void {
  heap.push(slot)
  rise(heap, heap.length - 1, slot)
}

export function remove(heap: Heap, slot: Slot): void {
  const place = slot.place
  const last = heap.pop() as Slot
  slot.place = -1
  if (last !== slot) rise(heap, sink(heap, place), last)
}

/** Puts a slot right whose wake time or tries went up: the move of a claim and of an extend. */
export function settleLater(heap: Heap, slot: Slot): void {
  rise(heap, sink(heap, slot.place), slot)
}

/**
 * Moves the hole at `place` down to a leaf, whatever is to fill it: one comparison a level instead of two. What fills
 * it afterwards (a leased row, the last of the heap) nearly always belongs at the bottom, so `rise` ends at once.
 */
function sink(heap: Heap, place: number): number {
  let hole = place
  for (;;) {
    let child = 2 * hole + 1
    if (child >= heap.length) return hole
    let smaller = heap[child] as Slot
    if (child + 1 < heap.length) {
      const right = heap[child + 1] as Slot
      if (comesBefore(right, smaller)) {
        smaller = right
        child += 1
      }
    }
    heap[hole] = smaller
    smaller.place = hole
    hole = child
  }
}

/** Lets `slot` rise from the hole at `place` to where it belongs. */
function rise(heap: Heap, place: number, slot: Slot): void {
  let hole = place
  while (hole > 0) {
    const above = (hole - 1) >> 1
    const parent = heap[above] as Slot
    if (!comesBefore(slot, parent)) break
    heap[hole] = parent
    parent.place = hole
    hole = above
  }
  heap[hole] = slot
  slot.place = hole
}
