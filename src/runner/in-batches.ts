/** Entries of any source in batches: as many as come without waiting, so that a slow source holds up nothing it gave. */

/** @param soon calls back after the other turns that are due, as `setImmediate` does. */
export async function* inBatches<T>(
  source: Iterable<T> | AsyncIterable<T>,
  size: number,
  soon: (callback: () => void) => unknown,
): AsyncGenerator<T[], void, undefined> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let batch: T[] = []
  // A turn of the event loop for each batch: what has not come by then is waited for with nothing in hand.
  let turn: Promise<undefined> | undefined
  let next: Promise<IteratorResult<T, unknown>> | undefined
  let isOver = false
  try {
    for (;;) {
      next ??= begun(iterator)
      turn ??= new Promise((resolve) => soon(() => resolve(undefined)))
      // A source that fails is over as well.
      isOver = batch.length === 0
      const came = batch.length === 0 ? await next : await Promise.race([next, turn])
      isOver = came?.done === true
      if (isOver) break
      if (came && !came.done) {
        batch.push(came.value)
        next = undefined
      }
      if (came === undefined || batch.length === size) {
        turn = undefined
        yield batch
        batch = []
      }
    }
    if (batch.length > 0) yield batch
  } finally {
    // Whoever reads no further waits for nothing: a source that is about to answer is told once it has.
    const ended = isOver ? undefined : iterator.return?.()
    if (next === undefined) await ended
    else Promise.resolve(ended).catch(() => {})
  }
}

/** The next entry. It may be waited for later, or never: its failure is nobody's until then. */
function begun<T>(iterator: Iterator<T> | AsyncIterator<T>): Promise<IteratorResult<T, unknown>> {
  const next = (async () => iterator.next())()
  next.catch(() => {})
  return next
}
