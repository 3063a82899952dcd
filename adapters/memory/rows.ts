/** The rows of a memory storage and the indexes over them; whoever changes a row here keeps them all in step. */
import type { NextRow, Row } from '../../src/storage/index.ts'
import { type Heap, push, remove, settleLater } from './heap.ts'
import { add, drop, type Ordered, ordered } from './ordered.ts'
import { overwrite, type Slot, slotOf } from './slot.ts'

export interface Rows {
  readonly byId: Map<string, Slot>
  readonly byKey: Map<string, Slot>
  /** A heap for each priority, by name. */
  readonly lanes: Map<string, readonly Heap[]>
  readonly children: Map<string, Ordered>
  readonly finished: Ordered
}

const PRIORITIES = 10

export function emptyRows(): Rows {
  return { byId: new Map(), byKey: new Map(), lanes: new Map(), children: new Map(), finished: ordered() }
}

/** Adds a row whose id and key are free. */
export function addRow(rows: Rows, row: Row): void {
  const slot = slotOf(row)
  rows.byId.set(slot.id, slot)
  if (slot.key !== null) rows.byKey.set(slot.key, slot)
  if (slot.wakeAt !== null) push(laneOf(rows, slot), slot)
  if (slot.doneAt !== null) slot.finished = add(rows.finished, slot.doneAt, slot)
  if (slot.parent !== null) slot.child = add(childrenOf(rows, slot.parent), 0, slot)
}

export function removeRow(rows: Rows, slot: Slot): void {
  rows.byId.delete(slot.id)
  if (slot.key !== null) rows.byKey.delete(slot.key)
  if (slot.wakeAt !== null) remove(laneOf(rows, slot), slot)
  if (slot.finished !== null) drop(rows.finished, slot.finished)
  if (slot.parent !== null && slot.child !== null) {
    const siblings = childrenOf(rows, slot.parent)
    drop(siblings, slot.child)
    if (siblings.live === 0) rows.children.delete(slot.parent)
  }
}

export function changeRow(rows: Rows, slot: Slot, next: NextRow): void {
  if (slot.wakeAt !== null) remove(laneOf(rows, slot), slot)
  if (slot.finished !== null && slot.doneAt !== next.doneAt) {
    drop(rows.finished, slot.finished)
    slot.finished = null
  }
  if (!next.keepKey && slot.key !== null) {
    rows.byKey.delete(slot.key)
    slot.key = null
  }
  overwrite(slot, next)
  if (slot.wakeAt !== null) push(laneOf(rows, slot), slot)
  if (slot.doneAt !== null && slot.finished === null) slot.finished = add(rows.finished, slot.doneAt, slot)
}

/** Gives a row that has a wake time another one. */
export function moveWake(rows: Rows, slot: Slot, wakeAt: number): void {
  const lane = laneOf(rows, slot)
  // A lease may be cut short as well: taking the slot out first is right in both directions.
  if (wakeAt < (slot.wakeAt as number)) {
    remove(lane, slot)
    slot.wakeAt = wakeAt
    push(lane, slot)
  } else {
    slot.wakeAt = wakeAt
    settleLater(lane, slot)
  }
}

function laneOf(rows: Rows, slot: Slot): Heap {
  let lanes = rows.lanes.get(slot.name)
  if (lanes === undefined) {
    lanes = Array.from({ length: PRIORITIES }, (): Heap => [])
    rows.lanes.set(slot.name, lanes)
  }
  return lanes[slot.priority] as Heap
}

function childrenOf(rows: Rows, parent: string): Ordered {
  let children = rows.children.get(parent)
  if (children === undefined) {
    children = ordered()
    rows.children.set(parent, children)
  }
  return children
}
