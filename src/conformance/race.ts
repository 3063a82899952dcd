/** `race()`: holders that contend for the same rows, in one process or in many, and a check of all they were told. */
import { strict as assert } from 'node:assert'
import type { ChildProcess } from 'node:child_process'
import type { Row, Storage } from '../storage/index.ts'
import { work } from './holder.ts'
import { complaints, idsOf } from './race-check.ts'
import type { Entry, Plan } from './race-log.ts'
import { raceProcesses } from './race-processes.ts'
import { chosenSeed } from './random.ts'
import { NOW } from './rows.ts'
import { type Create, type Test, withSubject } from './subject.ts'
import { turn } from './waiting.ts'

export interface RaceOptions {
  readonly test: Test
  /** For a race in this process: makes an empty storage; each holder gets one of its own where the subject has `again`. */
  readonly create?: Create
  /** For a race of processes: starts a script that calls `hold()`, with a channel for messages. The rows must be empty. */
  readonly spawn?: (n: number) => ChildProcess
  /** @default 4 */
  readonly holders?: number
  /** How many rows are inserted, over all holders. @default 200 */
  readonly rows?: number
  /** How many rounds of claim and settle each holder makes. @default 150 */
  readonly rounds?: number
  /** How many processes are killed in the middle of their work, each replaced by a fresh one. @default 0 */
  readonly kills?: number
  /** The longest lease on the clock of the race: ticks in one process, milliseconds among processes. @default 40 */
  readonly leaseMs?: number
  /** How long a race of processes may take. @default 45_000 */
  readonly timeoutMs?: number
  /** The storage is made to fail now and then: a call that throws is taken for one whose outcome is unknown. @default false */
  readonly faults?: boolean
  /** @default `PIECEWORK_SEED`, else 1 */
  readonly seed?: number
}

/** Declares one test: whatever holders do to each other, each is told the truth, and the rows are what the log says. */
export function race(options: RaceOptions): void {
  const {
    test,
    create,
    spawn,
    holders = 4,
    rows = 200,
    rounds = 150,
    kills = 0,
    leaseMs = 40,
    timeoutMs = 45_000,
    faults = false,
  } = options
  assert.ok(create !== undefined || spawn !== undefined, 'race needs `create` or `spawn`')
  const seed = chosenSeed(options.seed, () => 1)
  const plans = Array.from(
    { length: holders },
    (_, n): Plan => ({ holder: `h${n}`, seed: seed + n, rows: Math.ceil(rows / holders), rounds, leaseMs }),
  )
  const where = spawn
    ? `${holders} processes${kills > 0 ? `, ${kills} of them killed` : ''}`
    : `${holders} holders in one process`
  test(`race - P-FENCE P-EXCL P-KEY ${where}: every answer is true and every row is what the log makes of it`, async () => {
    const { log, final } = spawn ? await raceProcesses(spawn, plans, kills, timeoutMs) : await raceHere(create!, plans)
    const wrong = complaints(faults ? log.map(unknown) : log, final)
    const stale = log.filter((entry) => entry.verb === 'apply' && entry.answer?.includes('stale')).length
    const count = `${log.length} calls on ${final.size} rows, ${stale} of them by zombies`
    console.log(`race: seed ${seed} (PIECEWORK_SEED=${seed} draws the same), ${count}`)
    assert.deepEqual(wrong, [], `the storage is wrong (seed ${seed}, ${count}):\n- ${wrong.join('\n- ')}`)
    assert.ok(
      log.some((entry) => entry.verb === 'claim' && entry.answer?.length),
      'no holder was ever handed a row',
    )
  })
}

/** A thrown error says nothing about the outcome, so the call is judged like one of a holder that was killed in it. */
function unknown(entry: Entry): Entry {
  if (entry.error === undefined) return entry
  const { error: _, ...rest } = entry
  return rest as Entry
}

/** The clock is a counter that every look moves on, so that leases lapse without anybody waiting. */
function raceHere(
  create: Create,
  plans: readonly Plan[],
): Promise<{ log: Entry[]; final: Map<string, Row | undefined> }> {
  return withSubject(create, async ({ storage, again }) => {
    const log: Entry[] = []
    let now = NOW
    const rest = turn
    const hold = async (plan: Plan, own: Storage) => {
      const surroundings = {
        storage: own,
        clock: async () => ({ now: now++, error: 0 }),
        rest,
        log: async (entry: Entry) => {
          if (entry.to === undefined) log.push(entry)
          await Promise.resolve()
        },
      }
      await work(plan, surroundings)
    }
    const storages = await Promise.all(
      plans.map((_, n) => (n > 0 && storage.traits.shared && again ? again() : storage)),
    )
    await Promise.all(plans.map((plan, n) => hold(plan, storages[n]!)))
    const final = new Map<string, Row | undefined>()
    for (const id of idsOf(log)) final.set(id, (await storage.get([id]))[0])
    return { log, final }
  })
}
