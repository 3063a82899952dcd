/** Pages and counts of the rows in memory. */
import type { Count, CountBy, FindBy, Page, Row } from '../../src/storage/index.ts'
import type { Heap } from './heap.ts'
import { firstBehind } from './ordered.ts'
import type { Rows } from './rows.ts'
import { rowOf, type Slot } from './slot.ts'

type ByNames = Exclude<Extract<FindBy, { names: readonly string[] }>, { claimedBy: string }>

export function find(rows: Rows, by: FindBy, limit: number): Page {
  if ('key' in by) {
    const slot = rows.byKey.get(by.key)
    return { rows: slot === undefined ? [] : [rowOf(slot)], after: null }
  }
  if ('parent' in by) return findChildren(rows, by, limit)
  if ('doneBefore' in by) return findFinished(rows, by, limit)
  if ('claimedBy' in by) return findClaimed(rows, by, limit)
  return pageOf(lowestIds(rows, by, limit), limit)
}

export function count(rows: Rows, by: CountBy): Count {
  const byName = new Map<string, Map<string, number>>()
  let counted = 0
  const isWanted = filter('names' in by ? by.names : undefined, by.states)
  for (const slot of 'parent' in by ? childrenOf(rows, by.parent) : rows.byId.values()) {
    if (!isWanted(slot)) continue
    let states = byName.get(slot.name)
    if (states === undefined) {
      states = new Map()
      byName.set(slot.name, states)
    }
    states.set(slot.state, (states.get(slot.state) ?? 0) + 1)
    counted += 1
    if (counted >= by.upTo) break
  }
  // From entries, which makes fields of `__proto__` and `constructor` as of any other name.
  const counts = Object.fromEntries([...byName].map(([name, states]) => [name, Object.fromEntries(states)]))
  return { counts, capped: counted >= by.upTo }
}

function findChildren(rows: Rows, by: Extract<FindBy, { parent: string }>, limit: number): Page {
  const found: Slot[] = []
  const isWanted = filter(undefined, by.states)
  for (const slot of childrenOf(rows, by.parent, by.after)) {
    if (!isWanted(slot)) continue
    found.push(slot)
    if (found.length === limit) break
  }
  return pageOf(found, limit)
}

function* childrenOf(rows: Rows, parent: string, after?: string): Generator<Slot> {
  const list = rows.children.get(parent)
  if (list === undefined) return
  const from = after === undefined ? list.head : Math.max(list.head, firstBehind(list, 0, after))
  for (let at = from; at < list.entries.length; at++) {
    const slot = list.entries[at]?.slot
    if (slot) yield slot
  }
}

function findFinished({ finished }: Rows, by: Extract<FindBy, { doneBefore: number }>, limit: number): Page {
  const found: Row[] = []
  const isWanted = filter(by.names, by.states)
  for (let at = finished.head; at < finished.entries.length && found.length < limit; at++) {
    const entry = finished.entries[at]
    if (entry === undefined || entry.order >= by.doneBefore) break
    if (entry.slot !== null && isWanted(entry.slot)) found.push(rowOf(entry.slot))
  }
  return { rows: found, after: null }
}

/** What leads in a lane to a row of this wake time is not later: nothing behind a later one is looked at. */
function findClaimed({ lanes }: Rows, by: Extract<FindBy, { claimedBy: string }>, limit: number): Page {
  const found: Row[] = []
  const look = (heap: Heap, place: number): void => {
    const slot = heap[place]
    if (slot === undefined || (slot.wakeAt as number) > by.until || found.length === limit) return
    if (slot.wakeAt === by.until && slot.holder === by.claimedBy) found.push(rowOf(slot))
    look(heap, 2 * place + 1)
    look(heap, 2 * place + 2)
  }
  for (const name of new Set(by.names)) for (const heap of lanes.get(name) ?? []) look(heap, 0)
  return { rows: found, after: null }
}

/** An operator's question, so it may look at every row; it keeps no more than two pages of them. */
function lowestIds(rows: Rows, by: ByNames, limit: number): Slot[] {
  const isWanted = filter(by.names, by.states)
  let lowest: Slot[] = []
  for (const slot of rows.byId.values()) {
    if ((by.after !== undefined && slot.id <= by.after) || !isWanted(slot)) continue
    lowest.push(slot)
    if (lowest.length >= 2 * limit) lowest = lowest.sort(byId).slice(0, limit)
  }
  return lowest.sort(byId).slice(0, limit)
}

function byId(a: Slot, b: Slot): number {
  return a.id < b.id ? -1 : 1
}

function pageOf(slots: readonly Slot[], limit: number): Page {
  return { rows: slots.map(rowOf), after: slots.length < limit ? null : (slots.at(-1)?.id ?? null) }
}

function filter(names: readonly string[] | undefined, states: readonly string[] | undefined): (slot: Slot) => boolean {
  return (slot) =>
    (names === undefined || names.includes(slot.name)) && (states === undefined || states.includes(slot.state))
}
