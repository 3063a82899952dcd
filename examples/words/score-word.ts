/** The consumer that the found words are fanned out to: what is a word worth, in tiles? */
import { type TaskContext, task } from 'piecework'

/** A board has so many squares in a row. */
export const squares = 15

export interface Score {
  readonly word: string
  readonly points: number
}

const tiles: Readonly<Record<number, string>> = {
  1: 'aeilnorstu',
  2: 'dg',
  3: 'bcmp',
  4: 'fhvwy',
  5: 'k',
  8: 'jx',
  10: 'qz',
}

const pointsOf = new Map(
  Object.entries(tiles).flatMap(([points, letters]) => [...letters].map((letter) => [letter, Number(points)])),
)

export const scoreWord = task('score-word', {
  run: async ({ input, emit }: TaskContext<{ item: string }>) => {
    // Without its accents. A letter that no tile has is a blank, and worth nothing.
    const letters = [...input.item.normalize('NFD')]
    const points = letters.reduce((sum, letter) => sum + (pointsOf.get(letter) ?? 0), 0)
    await emit({ word: input.item, points } satisfies Score)
  },
})
