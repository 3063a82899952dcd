/** How many processes there are beside this one, as the process that started them all says: `piecework work --cluster`. */

export interface ClusterCounts {
  /** So many there are to be. */
  readonly processes: number
  /** So many are at work now; the others begin, or wait to be started again. */
  readonly running: number
  /** How often one of them has ended and was started again, of all together. */
  readonly restarts: number
}

// The program that supervises may be another copy of the package than the app's own, so they share no variable but this.
const place = Symbol.for('piecework.cluster')

/** `undefined` in a process that stands alone. */
export function clusterCounts(): ClusterCounts | undefined {
  return Reflect.get(globalThis, place) as ClusterCounts | undefined
}
