/** A list in slices: as many entries as one call of a storage or a source takes. */
export function* slices<T>(list: readonly T[], size: number): Generator<T[], void, undefined> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size)
}
