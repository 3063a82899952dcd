/** The job: each part counts the words of its stretch and finds its longest; the reduce merges the counts into a table. */
import { join } from 'node:path'
import { fixed, job, type PartContext } from 'piecework'
import { countWords } from './count-words.ts'
import type { Stretch } from './parts.ts'
import { squares } from './score-word.ts'

/** What the parts have in common. */
export interface Where {
  readonly folder: string
}

/** What the reduce resolves with. */
export interface Table {
  readonly words: number
  readonly distinct: number
  /** Parts that could not be read. */
  readonly unread: number
  /** The most frequent first; of two alike, by the alphabet. */
  readonly top: readonly (readonly [word: string, times: number])[]
}

/** `the` and `and` lead every such table, and say nothing of a folder. */
const lettersLeast = 5
const rows = 20

export const wordCount = job('word-count', {
  retry: fixed({ maxAttempts: 3, delay: '100ms' }),
  // Up to a tenth of the parts may be unreadable: a file that is gone, or somebody else's.
  threshold: 0.1,
  map: async ({ part, metadata, emit }: PartContext<Stretch, Where>) => {
    const counts = await countWords(join(metadata.folder, part.file), part.from, part.to)
    // An item: what a dispatch hands on when the job is completed.
    const word = longestOf(counts.keys())
    if (word !== '') await emit({ word, file: part.file })
    // Pairs, not an object: `constructor` is a word too.
    return [...counts]
  },
  reduce: async ({ results, total, signal }): Promise<Table> => {
    const counts = new Map<string, number>()
    let words = 0
    let read = 0
    // One part's counts at a time: what is in memory is the merged table alone.
    for await (const pairs of results) {
      signal.throwIfAborted()
      for (const [word, times] of pairs) {
        counts.set(word, (counts.get(word) ?? 0) + times)
        words += times
      }
      read++
    }
    return { words, distinct: counts.size, unread: total - read, top: ranked(counts) }
  },
})

/** The longest word that fits on a board. */
function longestOf(words: Iterable<string>): string {
  let longest = ''
  for (const word of words) if (word.length > longest.length && word.length <= squares) longest = word
  return longest
}

function ranked(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts]
    .filter(([word]) => [...word].length >= lettersLeast)
    .sort(([a, times], [b, others]) => others - times || (a < b ? -1 : 1))
    .slice(0, rows)
}
