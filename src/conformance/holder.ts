/** One holder of a race: inserts, claims, works, dawdles, vanishes and comes back late, and writes it all down. */
import type { Change, Instant, NextRow, Row, Storage } from '../storage/index.ts'
import type { Entry, Plan } from './race-log.ts'
import { type Random, seeded } from './random.ts'
import { finished, removed, rewritten } from './rows.ts'

const NAMES = ['a', 'b', 'c'] as const
const KEYS = 6
const LATE_MAX = 8

/** What a holder needs from where it runs. */
export interface Surroundings {
  readonly storage: Storage
  /** The time that all holders of the race go by, and how far it may be off. */
  readonly clock: () => Promise<{ readonly now: Instant; readonly error: number }>
  /** Called with the entry before the call and again with its answer. */
  readonly log: (entry: Entry) => Promise<void>
  /** Lets others go on. */
  readonly rest: () => Promise<void>
}

type Draft = Entry extends infer E
  ? E extends Entry
    ? Omit<E, 'holder' | 'call' | 'from' | 'to' | 'error' | 'answer'>
    : never
  : never

/** Works off its plan. Never throws: an error of the storage is an entry of the log. */
export async function work(plan: Plan, { storage, clock, log, rest }: Surroundings): Promise<void> {
  const random = seeded(plan.seed)
  const late: Row[] = []
  let calls = 0
  let inserted = 0

  async function noted<T>(draft: Draft, run: () => T | Promise<T>): Promise<T | undefined> {
    const start = await clock()
    const entry = { ...draft, holder: plan.holder, call: calls++, from: start.now - start.error } as Entry
    await log(entry)
    let answer: T | undefined
    try {
      answer = await run()
      Object.assign(entry, { answer })
    } catch (error) {
      entry.error = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    }
    const end = await clock()
    entry.to = end.now + end.error
    await log(entry)
    return answer
  }

  async function insert(): Promise<void> {
    const { now } = await clock()
    const rows = Array.from({ length: 1 + random.below(4) }, () => anyRow(`${plan.holder}-${inserted++}`, now, random))
    await noted({ verb: 'insert', rows }, () => storage.insert(rows))
  }

  async function claim(): Promise<readonly Row[]> {
    const wants = random.shuffled(NAMES).map((name) => ({ name, limit: 1 + random.below(3) }))
    const { now } = await clock()
    const until = now + 1 + random.below(plan.leaseMs)
    const request = { wants, limit: 1 + random.below(5), holder: `${plan.holder}#${calls}`, now, until }
    return (await noted({ verb: 'claim', request }, () => storage.claim(request))) ?? []
  }

  async function apply(changes: readonly Change[]): Promise<void> {
    if (changes.length > 0) await noted({ verb: 'apply', changes }, () => storage.apply(changes))
  }

  async function extend(rows: readonly Row[]): Promise<void> {
    const until = (await clock()).now + 1 + random.below(plan.leaseMs)
    await noted({ verb: 'extend', rows, until }, () => storage.extend(rows, until))
  }

  async function handle(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return rest()
    if (random.chance(20)) await extend(rows)
    const kept: Row[] = []
    for (const row of rows) {
      if (random.chance(5)) continue
      // An id stands at most once in a batch, also in one of rows from several claims.
      const mayBeLate = late.length < LATE_MAX && late.every(({ id }) => id !== row.id)
      if (random.chance(20) && mayBeLate) late.push(row)
      else kept.push(row)
    }
    const { now } = await clock()
    const changes = random.shuffled(kept).map((row) => anyOutcome(row, now, plan, random))
    // A beat that is under way while its row is settled must not make the settling stale.
    await Promise.all([
      apply(changes),
      random.chance(15) && kept.length > 0 ? extend(random.shuffled(kept)) : undefined,
    ])
    if (random.chance(8)) await apply(changes)
  }

  /** What a paused process does when it wakes: it goes on as if nothing had happened. */
  async function wakeUpLate(): Promise<void> {
    const awake = late.splice(0, 1 + random.below(late.length))
    // A row that lapsed and that this holder claimed again lies here twice, and a batch holds no id twice.
    const rows = awake.filter((row, at) => awake.findIndex(({ id }) => id === row.id) === at)
    late.push(...awake.filter((row) => !rows.includes(row)))
    const { now } = await clock()
    if (random.chance(40)) await extend(rows)
    await apply(rows.map((row) => anyOutcome(row, now, plan, random)))
  }

  for (let round = 0; round < plan.rounds; round++) {
    if (inserted < plan.rows && random.chance(40)) await insert()
    if (late.length > 0 && random.chance(35)) await wakeUpLate()
    await handle(await claim())
  }
}

function anyRow(own: string, now: Instant, random: Random): Row {
  // Some ids are derived: every holder inserts them, and one may win. They are never removed, so no rev starts again.
  const id = random.chance(20) ? `tick@${random.below(40)}` : own
  return {
    id,
    name: random.pick(NAMES),
    state: random.chance(80) ? 'waiting' : 'mapping',
    priority: random.below(3),
    wakeAt: now + random.below(4),
    rev: now,
    tries: 0,
    holder: null,
    key: random.chance(40) ? `key-${random.below(KEYS)}` : null,
    parent: null,
    doneAt: null,
    input: `{"of":"${own}"}`,
    memo: '{}',
  }
}

function anyOutcome(row: Row, now: Instant, plan: Plan, random: Random): Change {
  const memo = `{"by":"${row.holder}","draw":${random.below(1e6)}}`
  const again = (fields: Partial<NextRow>) =>
    rewritten(row, { state: 'waiting', wakeAt: now + random.below(plan.leaseMs / 4), memo, ...fields })
  const draw = random.below(100)
  if (draw < 20) return again({ tries: Math.max(0, row.tries - 1) })
  if (draw < 55) return again({})
  if (draw < 65) return again({ keepKey: false })
  if (draw < 75 && !row.id.startsWith('tick@')) return removed(row)
  return finished(row, { memo, doneAt: now, keepKey: random.chance(30) })
}
