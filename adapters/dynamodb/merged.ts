/** Several ordered lists of index entries, read page by page as one. */
import type { Item } from './attributes.ts'
import type { Part } from './database.ts'

/** Reads the next page of a list from where the last one ended. */
export type ReadPart = (start: Item | undefined) => Promise<Part>

interface List {
  readonly read: ReadPart
  entries: Item[]
  at: number
  next: Item | undefined
  isOver: boolean
}

/** The entries of all the lists that `fits`, by the value of `order`. */
export async function* merged(
  reads: readonly ReadPart[],
  order: (entry: Item) => string,
  fits: (entry: Item) => boolean,
): AsyncGenerator<Item> {
  const lists: List[] = reads.map((read) => ({ read, entries: [], at: 0, next: undefined, isOver: false }))
  for (;;) {
    await Promise.all(lists.map((list) => fill(list, fits)))
    let first: List | undefined
    let lowest = ''
    for (const list of lists) {
      const entry = list.entries[list.at]
      if (entry === undefined) continue
      const place = order(entry)
      if (first !== undefined && place >= lowest) continue
      first = list
      lowest = place
    }
    if (first === undefined) return
    yield first.entries[first.at] as Item
    first.at += 1
  }
}

async function fill(list: List, fits: (entry: Item) => boolean): Promise<void> {
  while (list.at === list.entries.length && !list.isOver) {
    const { items, next } = await list.read(list.next)
    list.entries = items.filter(fits)
    list.at = 0
    list.next = next
    list.isOver = next === undefined
  }
}
