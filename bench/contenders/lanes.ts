/** Many calls, of which so many are in flight at once. */

/** Adds before the clock starts, on a server: connections are open then, and their plans are made. */
export const warmUp = 200

export async function inLanes(count: number, width: number, call: (number: number) => Promise<unknown>): Promise<void> {
  let next = 0
  async function lane(): Promise<void> {
    while (next < count) await call(next++)
  }
  await Promise.all(Array.from({ length: width }, lane))
}
