/** Single calls stored together: what comes while one batch is being stored makes up the next. */
export function coalescer<T>(store: (items: readonly T[]) => Promise<unknown>): (item: T) => Promise<void> {
  let waiting: { item: T; resolve: () => void; reject: (error: unknown) => void }[] = []
  let isStoring = false

  async function storeAll(): Promise<void> {
    isStoring = true
    // What is called in the same turn belongs to the first batch.
    await undefined
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await store(batch.map(({ item }) => item))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
      // Those who were answered call again first.
      await undefined
    }
    isStoring = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!isStoring) void storeAll()
    })
}
