/** How a worker behaves, with the defaults filled in. */
export interface WorkerOptions {
  /** The most attempts that run at once. */
  readonly concurrency: number
  /** How long a claim lasts without a sign of life. */
  readonly leaseMs: number
  /** How often an idle worker asks the storage, plus or minus a fifth. */
  readonly pollMs: number
  /** How long a task that was fetched ahead may wait here before others get it. */
  readonly patienceMs: number
}
