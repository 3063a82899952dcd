/** So many calls in flight at once, until so many are done. */
export async function inLanes(count: number, width: number, call: (number: number) => Promise<unknown>): Promise<void> {
  let next = 0
  async function lane(): Promise<void> {
    while (next < count) await call(next++)
  }
  await Promise.all(Array.from({ length: width }, lane))
}
