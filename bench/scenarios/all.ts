/** All scenarios, in the order in which they run. */
import type { Scenario } from '../scenario.ts'
import { add1 } from './add1.ts'
import { drainMemory } from './drain-memory.ts'
import { drainSqlite } from './drain-sqlite.ts'
import { latency } from './latency.ts'

export const scenarios: readonly Scenario[] = [drainSqlite, drainMemory, add1, latency]
