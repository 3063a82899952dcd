/** What a scenario is made of: groups of contenders that do the same work and are compared with each other. */
import type { KindName } from '../test/servers/kinds.ts'

/** What one contender took, once. Only the work is measured: files are made and tasks prepared before. */
export interface Sample {
  readonly count: number
  readonly ms: number
  /** Of this process and all its threads, the user's and the system's together. Steadier than `ms` on a busy machine. */
  readonly cpuMs: number
  /** Of the database server meanwhile, where there is one on this machine. */
  readonly serverCpuMs?: number
  /** Parts of `ms`, by name, where a contender can tell them apart. */
  readonly parts?: Readonly<Record<string, number>>
  /** How long each single task took, where that is the question. */
  readonly latenciesMs?: readonly number[]
}

export interface Contender {
  readonly name: string
  /** The share of the group's tasks that a slow contender does; its rate is compared all the same. @default 1 */
  readonly share?: number
  /**
   * Does the work once. `place` is the path of a folder, or the address of a database where the scenario has a server:
   * empty, its own, and removed afterwards.
   */
  readonly measure: (place: string, count: number) => Promise<Sample>
}

export interface Group {
  readonly title: string
  readonly contenders: readonly Contender[]
  /** The contenders that all others are put in proportion to, by name. */
  readonly references: readonly string[]
}

export interface Scenario {
  readonly name: string
  /** What is measured, as it is printed above the tables. */
  readonly about: string
  /** How many tasks a contender does when the run as a whole is told so many. */
  readonly countOf: (tasks: number) => number
  /** At most so many rounds, where a round is long by nature. @default no limit */
  readonly roundsMax?: number
  /** The kind of database server that it needs; without one it is skipped. */
  readonly server?: KindName
  readonly groups: readonly Group[]
}

/** Measures `work` after a collection of garbage, so that nobody pays for what was prepared. */
export async function measured(count: number, work: () => unknown, serverCpuMs?: () => number): Promise<Sample> {
  globalThis.gc?.()
  const serverBefore = serverCpuMs?.()
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  const sample = { count, ms, cpuMs: (user + system) / 1000 }
  if (serverCpuMs === undefined || serverBefore === undefined) return sample
  return { ...sample, serverCpuMs: serverCpuMs() - serverBefore }
}
