/**
 * Where everything lies in the one table.
 *
 * | item             | pk             | sk            |
 * |------------------|----------------|---------------|
 * | row              | `r#<id>`       | `r`           |
 * | row of a parent  | `r#<parent>`   | `p#<suffix>`  |
 * | lock of a key    | `k#<key>`      | `k`           |
 * | large input      | `i#<id>`       | mark of the insert |
 * | what is agreed   | `meta`         | `meta`        |
 *
 * Parts lie in one partition with their parent, in order, so that `find({ parent })` is one consistent query.
 */
import type { Key } from './attributes.ts'

/** The indexes and their key attributes. Both are sparse: a row is in one only while it has both attributes. */
export const DUE_INDEX = { name: 'due', hash: 'due', range: 'turn' } as const
export const LIST_INDEX = { name: 'list', hash: 'list', range: 'id' } as const

/** What the index of due and finished rows holds beside its keys. Neither changes while an entry stays where it is. */
export const DUE_PROJECTED = ['name', 'state'] as const

/** The attribute by which DynamoDB removes items, in whole seconds. Nothing here ever relies on that. */
export const EXPIRES = 'expires'

export const META_KEY: Key = { pk: 'meta', sk: 'meta' }

export function rowKey(id: string): Key {
  const slash = id.lastIndexOf('/')
  if (slash < 0) return { pk: `r#${id}`, sk: 'r' }
  return partKey(id.slice(0, slash), id.slice(slash + 1))
}

export function partKey(parent: string, suffix: string): Key {
  return { pk: `r#${parent}`, sk: `p#${suffix}` }
}

export function idAt({ pk, sk }: Key): string {
  return sk === 'r' ? pk.slice(2) : `${pk.slice(2)}/${sk.slice(2)}`
}

export function lockKey(key: string): Key {
  return { pk: `k#${key}`, sk: 'k' }
}

export function inputKey(id: string, mark: string): Key {
  return { pk: `i#${id}`, sk: mark }
}

/** Which of so many partitions a row lies in, by its id: FNV-1a, the same on every machine for ever. */
export function shardOf(id: string, shards: number): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
  return (hash >>> 0) % shards
}

export function dueGroup(name: string, shard: number): string {
  return `d#${shard}#${name}`
}

export function doneGroup(shard: number): string {
  return `f#${shard}`
}

export function listGroup(name: string, shard: number): string {
  return `${shard}#${name}`
}

/** Where a row stands among the due ones of its group: the order of claims as one text. */
export function dueTurn(priority: number, wakeAt: number, tries: number, id: string): string {
  return `${priority}${instant(wakeAt)}${String(tries).padStart(6, '0')}${id}`
}

/** What of a turn says when its row is due, and how often it was tried. */
export function readTurn(turn: string): { readonly priority: number; readonly wakeAt: number; readonly tries: number } {
  return { priority: Number(turn[0]), wakeAt: Number(turn.slice(1, 16)), tries: Number(turn.slice(16, 22)) }
}

export function doneTurn(doneAt: number, id: string): string {
  return `${instant(doneAt)}${id}`
}

/** No turn of a lane that wakes at this instant or later comes before this. */
export function dueStart(priority: number, now: number): string {
  return `${priority}${instant(now)}`
}

/** Every turn of a lane that is due, and none that is not, comes before this one. */
export function dueEnd(priority: number, now: number): string {
  return `${priority}${instant(now)}~`
}

export function doneEnd(doneBefore: number): string {
  return instant(doneBefore)
}

/** Fifteen digits reach the year 33658. What lies outside is only put in the order at its end. */
function instant(at: number): string {
  return String(Math.min(Math.max(at, 0), 999_999_999_999_999)).padStart(15, '0')
}
