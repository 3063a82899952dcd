/** Callers at the same time, on one storage or on two that share their rows. */
import type { Awaitable, Storage } from '../../storage/index.ts'
import type { Bench } from '../case.ts'

/** Storages for callers to share out: two on the same rows where a second one can be opened, else one. */
export async function callers({ storage, again }: Bench): Promise<(n: number) => Storage> {
  const second = storage.traits.shared && again ? await again() : storage
  return (n) => (n % 2 === 0 ? storage : second)
}

/** Starts all calls before it awaits any; a storage that throws at once has thrown, not lost. */
export function together<T>(...calls: readonly (() => Awaitable<T>)[]): Promise<T[]> {
  return Promise.all(calls.map(async (call) => call()))
}
