/** The parent's side of a race of processes: starts them, collects what they say, kills some, and reads the end. */
import type { ChildProcess } from 'node:child_process'
import type { Row } from '../storage/index.ts'
import { idsOf } from './race-check.ts'
import type { Entry, FromHolder, Plan, ToHolder } from './race-log.ts'
import { delay, inTime } from './waiting.ts'

const READY_MS = 30_000
const LEAVE_MS = 2_000

type Spawn = (n: number) => ChildProcess

/** One child that this race started. Only these are ever killed, each by its own handle. */
interface Holder {
  readonly child: ChildProcess
  readonly exited: Promise<void>
  send(message: ToHolder): void
  /** Resolves with the first message of this type; fails when the child fails or exits first. */
  next<T extends FromHolder['type']>(type: T): Promise<Extract<FromHolder, { type: T }>>
}

function started(child: ChildProcess, entries: (entry: Entry) => void): Holder {
  const waiting = new Map<string, { resolve: (message: never) => void; reject: (error: Error) => void }>()
  const failAll = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.on('message', (message: FromHolder) => {
    if (message.type === 'entry') return entries(message.entry)
    if (message.type === 'failed') return failAll(new Error(`a holder's process failed: ${message.error}`))
    waiting.get(message.type)?.resolve(message as never)
    waiting.delete(message.type)
  })
  child.once('error', failAll)
  void exited.then(() =>
    failAll(new Error(`a holder's process ended early (code ${child.exitCode}, signal ${child.signalCode})`)),
  )
  return {
    child,
    exited,
    send: (message) => void child.send(message, () => {}),
    next: (type) =>
      new Promise((resolve, reject) => waiting.set(type, { resolve: resolve as (message: never) => void, reject })),
  }
}

/** Runs the plans, one process each, and gives the merged log and the rows that are stored in the end. */
export async function raceProcesses(
  spawn: Spawn,
  plans: readonly Plan[],
  kills: number,
  timeoutMs: number,
): Promise<{ log: Entry[]; final: Map<string, Row | undefined> }> {
  const entries = new Map<string, Entry>()
  const living = new Set<Holder>()
  let count = 0
  const start = async (onEntry: (entry: Entry) => void): Promise<Holder> => {
    const holder = started(spawn(count++), onEntry)
    living.add(holder)
    void holder.exited.then(() => living.delete(holder))
    await inTime(holder.next('ready'), READY_MS, 'a holder did not say that it is ready')
    return holder
  }
  const note = (entry: Entry): void => void entries.set(`${entry.holder} ${entry.call}`, entry)

  /** Lets one holder work; where it is to be killed, kills it after so many entries and lets a fresh one take over. */
  const run = async (plan: Plan, killAfter: number): Promise<void> => {
    let seen = 0
    const holder = await start((entry) => {
      note(entry)
      if (++seen === killAfter) holder.child.kill('SIGKILL')
    })
    const done = holder.next('done')
    holder.send({ type: 'work', plan })
    if (killAfter === Number.POSITIVE_INFINITY) return void (await done)
    const killed = await done.then(
      () => false,
      () => true,
    )
    if (!killed) return
    await run(
      { ...plan, holder: `${plan.holder}x`, seed: plan.seed + 1_000, rounds: Math.ceil(plan.rounds / 2) },
      Number.POSITIVE_INFINITY,
    )
  }

  try {
    const killAfter = (n: number) => (n < kills ? 60 + 37 * n : Number.POSITIVE_INFINITY)
    const all = Promise.all(plans.map((plan, n) => run(plan, killAfter(n))))
    await inTime(all, timeoutMs, `the race was not over within ${timeoutMs} ms`)
    const log = [...entries.values()]
    const reader = await start(() => {})
    const ids = idsOf(log)
    const rows = reader.next('rows')
    reader.send({ type: 'read', ids })
    const answer = await inTime(rows, READY_MS, 'the rows could not be read after the race')
    return { log, final: new Map(ids.map((id, index) => [id, answer.rows[index] ?? undefined])) }
  } finally {
    for (const holder of living) holder.send({ type: 'leave' })
    await Promise.race([Promise.all([...living].map(({ exited }) => exited)), delay(LEAVE_MS)])
    for (const holder of living) holder.child.kill('SIGKILL')
  }
}
